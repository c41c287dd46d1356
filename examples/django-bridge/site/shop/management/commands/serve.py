import os
import sys
import threading

from django.core.management.commands import runserver


class Command(runserver.Command):
    help = "Serves as runserver does, until its input ends: so it ends with the program that started it."

    def handle(self, *args, **options):
        threading.Thread(target=self.wait, daemon=True).start()
        super().handle(*args, **options)

    def wait(self):
        sys.stdin.read()
        os._exit(0)
