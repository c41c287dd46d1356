"""The cart, and a change of the password: both on the session that Rust shares."""
from django.contrib import messages
from django.contrib.auth.views import PasswordChangeView
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.views.decorators.http import require_POST


def cart(request):
    return render(request, "cart.html", {"cart": request.session.get("cart", [])})


@require_POST
def add(request):
    item = request.POST.get("item", "").strip()
    if item:
        # A list that is changed in place would not be noticed, so a new one is set.
        request.session["cart"] = request.session.get("cart", []) + [item]
        messages.success(request, f"{item} is in the cart")
    return redirect("cart")


class PasswordChange(PasswordChangeView):
    success_url = reverse_lazy("cart")

    def form_valid(self, form):
        messages.success(self.request, "The password is changed; other devices are signed out.")
        return super().form_valid(form)
