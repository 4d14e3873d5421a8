from django.urls import path

from preferences.views import business_unit, channel, logo, privacy, subscription_type

urlpatterns = [
    path("settings/", subscription_type.settings, name="settings"),
    path(
        "settings/subscription-types/",
        subscription_type.subscription_types,
        name="subscription_types",
    ),
    path(
        "settings/subscription-types/new/",
        subscription_type.subscription_type_create,
        name="subscription_type_create",
    ),
    path(
        "settings/subscription-types/preview/",
        subscription_type.subscription_type_preview,
        name="subscription_type_preview",
    ),
    path(
        "settings/subscription-types/<int:pk>/",
        subscription_type.subscription_type,
        name="subscription_type",
    ),
    path(
        "settings/subscription-types/<int:pk>/move/",
        subscription_type.subscription_type_move,
        name="subscription_type_move",
    ),
    path(
        "settings/subscription-types/<int:pk>/archive/",
        subscription_type.subscription_type_archive,
        name="subscription_type_archive",
    ),
    path(
        "settings/subscription-types/<int:pk>/restore/",
        subscription_type.subscription_type_restore,
        name="subscription_type_restore",
    ),
    path("settings/business-units/", business_unit.business_units, name="business_units"),
    path(
        "settings/business-units/new/",
        business_unit.business_unit_create,
        name="business_unit_create",
    ),
    path("settings/business-units/<int:pk>/", business_unit.business_unit, name="business_unit"),
    path(
        "settings/business-units/<int:pk>/logo/", logo.business_unit_logo, name="business_unit_logo"
    ),
    path(
        "settings/business-units/<int:pk>/logo/remove/",
        logo.business_unit_logo_remove,
        name="business_unit_logo_remove",
    ),
    path("settings/channels/", channel.channels, name="channels"),
    path("settings/privacy/", privacy.privacy, name="privacy"),
    path("settings/privacy/turn-off/", privacy.privacy_turn_off, name="privacy_turn_off"),
]
