"""The pages that are still Django's."""
import os

from django.contrib.auth import views as auth
from django.urls import path

from shop import views

urlpatterns = [
    path("accounts/login/", auth.LoginView.as_view(), name="login"),
    path("accounts/logout/", auth.LogoutView.as_view(), name="logout"),
    path("accounts/password_change/", views.PasswordChange.as_view(), name="password_change"),
    path("cart/", views.cart, name="cart"),
    path("cart/add/", views.add, name="add"),
]
if os.environ.get("DRIVE"):
    from shop import drive

    urlpatterns += drive.urlpatterns
