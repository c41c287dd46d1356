from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Makes a user with a password, unless there is one of that name."

    def add_arguments(self, parser):
        parser.add_argument("name")
        parser.add_argument("password")

    def handle(self, *, name, password, **options):
        users = get_user_model().objects
        if not users.filter(username=name).exists():
            users.create_user(name, password=password)
