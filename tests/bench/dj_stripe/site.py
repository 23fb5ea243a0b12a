"""A small Django project around dj-stripe, as its documentation sets one up; run in an environment of its own.

`python -m tests.bench.dj_stripe.site migrate` makes the tables and what dj-stripe must know beforehand (the account,
the webhook endpoint with its secret), `serve` answers webhooks, `told` prints what the tables hold.

What is set is in the environment: DJ_STRIPE_DATABASE (the directory of PostgreSQL's socket), STRIPE_API_BASE,
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
"""As many as our own front door has."""

settings.configure(
    SECRET_KEY="only for the bench",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=[f"django.contrib.{name}" for name in ("auth", "contenttypes")] + ["djstripe"],
    # Tables straight from the models: playing ten years of migrations takes minutes and ends in the same.
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
    """Tables, platform, account and endpoint; the rows would otherwise come from Stripe by the sync commands."""
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
    """Events and triggers by what became of them, and of each kind of object its id and data."""
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
    """Until told to stop."""
    with stoppable(), serve(get_wsgi_application(), int(os.environ["PORT"]), threads=THREADS):
        run_until_stopped()


if __name__ == "__main__":
    {"migrate": migrate, "serve": serve_webhooks, "told": told}[sys.argv[1]]()
