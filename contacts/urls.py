from django.urls import URLPattern, path

from contacts.views import (
    bulk,
    bulk_action,
    bulk_export,
    bulk_result,
    column,
    contact,
    filter,
    history,
    link,
    opt_in,
    property,
    property_settings,
    saved_view,
    subscriptions,
    suspected,
)

PANEL = "contacts/<int:contact_id>/subscriptions/"

panel_patterns: list[URLPattern] = [
    path(PANEL, subscriptions.contact_subscriptions, name="contact_subscriptions"),
    path(f"{PANEL}subscribe/", opt_in.contact_subscribe, name="contact_subscribe"),
    path(f"{PANEL}resubscribe/", opt_in.contact_resubscribe, name="contact_resubscribe"),
    path(f"{PANEL}unsubscribe/", subscriptions.contact_unsubscribe, name="contact_unsubscribe"),
    path(
        f"{PANEL}unsubscribe-all/",
        subscriptions.contact_unsubscribe_all,
        name="contact_unsubscribe_all",
    ),
    path(f"{PANEL}link/", link.contact_send_link, name="contact_send_link"),
    path(f"{PANEL}link/copy/", link.contact_copy_link, name="contact_copy_link"),
    path(f"{PANEL}confirm/", link.contact_confirm_again, name="contact_confirm_again"),
    path(f"{PANEL}lift/", subscriptions.contact_lift, name="contact_lift"),
    path(f"{PANEL}undo/", subscriptions.contact_undo, name="contact_undo"),
    path(f"{PANEL}history/", history.contact_history, name="contact_history"),
    path(f"{PANEL}history/verify/", history.contact_history_verify, name="contact_history_verify"),
    path(f"{PANEL}history/export.csv", history.contact_history_csv, name="contact_history_csv"),
]

contact_patterns: list[URLPattern] = [
    path("contacts/", contact.contacts, name="contacts"),
    path("contacts/new/", contact.contact_new, name="contact_new"),
    path("contacts/filter/", filter.contacts_filter, name="contacts_filter"),
    path("contacts/deleted/", contact.contacts_deleted, name="contacts_deleted"),
    path("contacts/<int:contact_id>/", contact.contact, name="contact"),
    path("contacts/<int:contact_id>/edit/", contact.contact_edit, name="contact_edit"),
    path("contacts/<int:contact_id>/delete/", contact.contact_delete, name="contact_delete"),
    path("contacts/<int:contact_id>/restore/", contact.contact_restore, name="contact_restore"),
    path(
        "contacts/<int:contact_id>/properties/",
        property.contact_properties,
        name="contact_properties",
    ),
]

view_patterns: list[URLPattern] = [
    path("contacts/columns/", column.contacts_columns, name="contacts_columns"),
    path("contacts/views/", saved_view.saved_views, name="saved_views"),
    path("contacts/views/new/", saved_view.saved_view_create, name="saved_view_create"),
    path("contacts/views/<int:pk>/", saved_view.saved_view, name="saved_view"),
    path("contacts/views/<int:pk>/save/", saved_view.saved_view_save, name="saved_view_save"),
    path("contacts/views/<int:pk>/move/", saved_view.saved_view_move, name="saved_view_move"),
    path("contacts/views/<int:pk>/delete/", saved_view.saved_view_delete, name="saved_view_delete"),
]

bulk_patterns: list[URLPattern] = [
    path(
        "contacts/bulk/subscriptions/", bulk.contacts_subscriptions, name="contacts_subscriptions"
    ),
    path(
        "contacts/bulk/subscriptions/preview/",
        bulk.contacts_subscriptions_preview,
        name="contacts_subscriptions_preview",
    ),
    path(
        "contacts/bulk/subscriptions/people/",
        bulk.contacts_subscriptions_people,
        name="contacts_subscriptions_people",
    ),
    path("contacts/bulk/export/", bulk_export.contacts_export, name="contacts_export"),
    path("contacts/bulk/<slug:action>/", bulk_action.contacts_action, name="contacts_action"),
    path(
        "contacts/bulk/<slug:action>/preview/",
        bulk_action.contacts_action_preview,
        name="contacts_action_preview",
    ),
    path(
        "contacts/bulk/<slug:action>/people/",
        bulk_action.contacts_action_people,
        name="contacts_action_people",
    ),
    path("jobs/<int:job_id>/export.csv", bulk_export.job_export_csv, name="job_export_csv"),
    path("jobs/<int:job_id>/undo/", bulk_result.job_undo, name="job_undo"),
    path("jobs/<int:job_id>/changes.csv", bulk_result.job_changes_csv, name="job_changes_csv"),
    path("jobs/<int:job_id>/refusals/", bulk_result.job_refusals, name="job_refusals"),
    path("jobs/<int:job_id>/refusals.csv", bulk_result.job_refusals_csv, name="job_refusals_csv"),
]

suspected_patterns: list[URLPattern] = [
    path("suspected/", suspected.suspected, name="suspected"),
    path("suspected/give-back/", suspected.suspected_give_back, name="suspected_give_back"),
]

settings_patterns: list[URLPattern] = [
    path("settings/properties/", property_settings.custom_properties, name="custom_properties"),
    path(
        "settings/properties/new/",
        property_settings.custom_property_create,
        name="custom_property_create",
    ),
    path(
        "settings/properties/<int:pk>/", property_settings.custom_property, name="custom_property"
    ),
    path(
        "settings/properties/<int:pk>/archive/",
        property_settings.custom_property_archive,
        name="custom_property_archive",
    ),
    path(
        "settings/properties/<int:pk>/move/",
        property_settings.custom_property_move,
        name="custom_property_move",
    ),
]

urlpatterns: list[URLPattern] = [
    *contact_patterns,
    *view_patterns,
    *panel_patterns,
    *bulk_patterns,
    *suspected_patterns,
    *settings_patterns,
]
