"""The alarms on secrets: one that has been as it is for too long, and one whose age nobody knows."""

from __future__ import annotations

from chalicelib import metrics
from chalicelib.functions import Secret
from infra.template.alarms import Alarm, Grade
from infra.template.intrinsics import camel
from infra.template.measures import Measure, pom_metric

OLDEST = 90
"""Days for which a secret may stay as it is: the default of AWS Config's rule secretsmanager-secret-periodic-rotation
and of Security Hub's control SecretsManager.4, so that a review by either finds what the alarm has told.

https://docs.aws.amazon.com/config/latest/developerguide/secretsmanager-secret-periodic-rotation.html
"""
A_DAY = 86400
"""Seconds. Ages are measured each hour: one measurement that is missing neither ends an alarm nor begins one."""

_SAME = {
    Secret.PLATFORM: "The key with which Stripe is called has been the same",
    Secret.WEBHOOK: "The secrets with which Stripe signs webhooks have been the same",
}


def age_of(secret: Secret) -> Measure:
    """The smallest age measured: the alarm ends with the first measurement after an exchange."""
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
        "For a day Secrets Manager has not told since when a secret has been as it is.",
        Grade.TICKET,
        "secret-rotation.md",
        {"unknown": AGES_UNKNOWN},
        threshold=0,
        period=A_DAY,
    ),
)
