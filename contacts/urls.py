from django.urls import URLPattern, path

from contacts.views import history, opt_in, subscriptions

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
    path(f"{PANEL}lift/", subscriptions.contact_lift, name="contact_lift"),
    path(f"{PANEL}undo/", subscriptions.contact_undo, name="contact_undo"),
    path(f"{PANEL}history/", history.contact_history, name="contact_history"),
    path(f"{PANEL}history/verify/", history.contact_history_verify, name="contact_history_verify"),
    path(f"{PANEL}history/export.csv", history.contact_history_csv, name="contact_history_csv"),
]

urlpatterns: list[URLPattern] = [*panel_patterns]
