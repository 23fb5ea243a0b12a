"""The alarms on secrets: a secret that was not rotated for too long, and a secret of unknown age."""

from __future__ import annotations

from chalicelib import metrics
from chalicelib.functions import Secret
from infra.template.alarms import Alarm, Grade
from infra.template.intrinsics import camel
from infra.template.measures import Measure, pom_metric

OLDEST = 90
"""Days for which a secret may stay unchanged. This is the default of AWS Config's rule
secretsmanager-secret-periodic-rotation and of Security Hub's control SecretsManager.4, so a review by either finds
nothing that the alarm did not report first.

https://docs.aws.amazon.com/config/latest/developerguide/secretsmanager-secret-periodic-rotation.html
"""
A_DAY = 86400
"""Seconds. Ages are measured every hour. Over a day, one missing measurement neither starts nor ends an alarm."""

_SAME = {
    Secret.PLATFORM: "The key for calls to Stripe has not been rotated",
    Secret.WEBHOOK: "The signing secrets of Stripe's webhooks have not been rotated",
}


def age_of(secret: Secret) -> Measure:
    """Returns the smallest measured age in days, so that an alarm ends with the first measurement after a
    rotation.
    """
    return pom_metric(metrics.SECRET_AGE, "Minimum", secret=secret)


AGES_UNKNOWN = pom_metric(metrics.SECRET_AGES_UNKNOWN, "Minimum", "unknown")

SECRET_ALARMS = (
    *(
        Alarm(
            f"{camel(secret)}SecretOld",
            f"{_SAME[secret]} for more than {OLDEST} days.",
            Grade.TICKET,
            "secret-rotation.md",
            {"days": age_of(secret)},
            threshold=OLDEST,
            period=A_DAY,
        )
        for secret in Secret
    ),
    Alarm(
        "SecretAgeUnknown",
        "The age of a secret could not be read from Secrets Manager for a day.",
        Grade.TICKET,
        "secret-rotation.md",
        {"unknown": AGES_UNKNOWN},
        threshold=0,
        period=A_DAY,
    ),
)
