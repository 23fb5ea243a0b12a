"""A small Django project around dj-stripe, as dj-stripe's documentation sets one up. It runs in its own environment.

`python -m tests.bench.dj_stripe.site migrate` creates the tables and the rows that dj-stripe needs first: the
account, and the webhook endpoint with its secret. `serve` receives webhooks. `told` prints the contents of the
tables.

The settings are environment variables: DJ_STRIPE_DATABASE (the directory of PostgreSQL's socket), STRIPE_API_BASE,
STRIPE_KEY, STRIPE_API_VERSION, STRIPE_ACCOUNT, WEBHOOK_SECRET, WEBHOOK_UUID, PORT.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.urls import include, path

from infra.local.processes import run_until_stopped, stoppable
from infra.local.wsgi import serve

THREADS = 16
"""The number of threads, the same as of POM's API server."""

settings.configure(
    SECRET_KEY="only for the bench",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=[f"django.contrib.{name}" for name in ("auth", "contenttypes")] + ["djstripe"],
    # Creates tables directly from the models, because ten years of migrations take minutes and have the same result.
    MIGRATION_MODULES=dict.fromkeys(("auth", "contenttypes", "djstripe")),
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": os.environ["DJ_STRIPE_DATABASE"],
            "NAME": "postgres",
            "USER": "postgres",
            "CONN_MAX_AGE": None,  # a connection is kept for as long as its thread lives
        }
    },
    DJSTRIPE_FOREIGN_KEY_TO_FIELD="id",
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
    STRIPE_API_HOST=os.environ["STRIPE_API_BASE"],
    STRIPE_API_VERSION=os.environ["STRIPE_API_VERSION"],
    STRIPE_TEST_SECRET_KEY=os.environ["STRIPE_KEY"],
    STRIPE_LIVE_MODE=False,
)
django.setup()

urlpatterns = [path("stripe/", include("djstripe.urls", namespace="djstripe"))]

CHECKED = ("Invoice", "Charge", "Dispute")


def migrate() -> None:
    """Creates the tables, the platform, the account and the endpoint. Otherwise dj-stripe's sync commands would read
    these rows from Stripe.
    """
    from djstripe import models

    call_command("migrate", run_syncdb=True, verbosity=0)
    platform = models.Account.objects.create(id="acct_platform", stripe_data={})
    models.APIKey.objects.create(
        secret=os.environ["STRIPE_KEY"], type="secret", livemode=False, djstripe_owner_account=platform
    )
    models.Account.objects.create(id=os.environ["STRIPE_ACCOUNT"], stripe_data={})
    models.WebhookEndpoint.objects.create(
        id="we_bench",
        djstripe_uuid=os.environ["WEBHOOK_UUID"],
        djstripe_owner_account=platform,
        secret=os.environ["WEBHOOK_SECRET"],
        enabled_events=["*"],
        status="enabled",
        livemode=False,
        url="http://127.0.0.1/",
    )


def told() -> None:
    """Returns the events and webhook triggers by their outcome, and the id and data of each object, by kind."""
    from djstripe import models

    triggers = models.WebhookEventTrigger.objects
    objects = {name: {each.id: each.stripe_data for each in getattr(models, name).objects.all()} for name in CHECKED}
    said = {
        "events": list(models.Event.objects.values_list("id", flat=True)),
        "processed": triggers.filter(processed=True).count(),
        "failed": dict(Counter(triggers.exclude(exception="").values_list("exception", flat=True))),
        "objects": objects,
    }
    print(json.dumps(said))


def serve_webhooks() -> None:
    """Serves webhooks until the process is ended."""
    with stoppable(), serve(get_wsgi_application(), int(os.environ["PORT"]), threads=THREADS):
        run_until_stopped()


if __name__ == "__main__":
    {"migrate": migrate, "serve": serve_webhooks, "told": told}[sys.argv[1]]()
