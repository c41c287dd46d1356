from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Makes a user, or sets the password of one that exists."

    def add_arguments(self, parser):
        parser.add_argument("name")
        parser.add_argument("password")

    def handle(self, *, name, password, **options):
        users = get_user_model().objects
        user, _ = users.get_or_create(username=name)
        user.set_password(password)
        user.save()
