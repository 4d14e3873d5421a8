from django.urls import path

from accounts.views import session, user

urlpatterns = [
    path("login/", session.login, name="login"),
    path("logout/", session.logout, name="logout"),
    path("account/", session.account, name="account"),
    path("account/password/", session.password, name="password"),
    path(
        "account/first-password/<str:key>/<str:token>/", user.first_password, name="first_password"
    ),
    path("settings/users/", user.users, name="users"),
    path("settings/users/new/", user.user_create, name="user_create"),
    path("settings/users/<int:pk>/", user.user, name="user"),
    path("settings/users/<int:pk>/link/", user.user_password_link, name="user_password_link"),
    path("settings/users/<int:pk>/deactivate/", user.user_deactivate, name="user_deactivate"),
    path("settings/users/<int:pk>/reactivate/", user.user_reactivate, name="user_reactivate"),
]
