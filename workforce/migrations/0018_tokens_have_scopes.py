"""Tokens have scopes, work a year at most, and end with a new second factor. Those of before get the scopes that are given unasked.

A token whose account has yet to prove its address proves it, and does nothing else.
"""

import django.contrib.postgres.fields
import django.db.models.expressions
from django.db import migrations, models

SCOPES = [
    ("read", "Read what you can see"),
    ("work", "Do tasks, exams and courses"),
    ("post", "Post work and review it, for your organisations"),
    ("money", "Move money"),
    ("admin", "Manage the account, personal data, tokens, members, and the installation where you operate it"),
]
BEFORE = """
UPDATE workforce_apitoken t
   SET expires_at = least(t.expires_at, t.created_at + interval '365 days'),
       used_at = t.used_on,
       is_provisional = NOT EXISTS (SELECT FROM account_emailaddress e WHERE e.user_id = t.user_id AND e."primary" AND e.verified)
"""
# Whoever adds a second factor, on whichever way, finds every token ended: those were made without it. Recovery codes are none.
ENDED_BY_A_FACTOR = """
CREATE FUNCTION workforce_factor_ends_tokens() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE workforce_apitoken SET revoked_at = now(), used_from = '' WHERE user_id = NEW.user_id AND revoked_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER factor_ends_tokens AFTER INSERT ON mfa_authenticator
    FOR EACH ROW WHEN (NEW.type <> 'recovery_codes') EXECUTE FUNCTION workforce_factor_ends_tokens();
"""
NO_LONGER = """
DROP TRIGGER factor_ends_tokens ON mfa_authenticator;
DROP FUNCTION workforce_factor_ends_tokens();
"""


class Migration(migrations.Migration):
    """Columns, what they hold for tokens of before, constraints, and the trigger."""

    dependencies = [
        ("workforce", "0017_invitations_of_members"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("mfa", "0003_authenticator_type_uniq"),
    ]
    operations = [
        migrations.AddField(
            "apitoken",
            "scopes",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(choices=SCOPES, max_length=10), default=["read", "work", "post"], size=None
            ),
            preserve_default=False,
        ),
        migrations.AddField("apitoken", "is_provisional", models.BooleanField(default=False)),
        migrations.AddField("apitoken", "used_at", models.DateTimeField(null=True)),
        migrations.AddField(
            "apitoken", "used_from", models.CharField(blank=True, default="", max_length=45), preserve_default=False
        ),
        migrations.RunSQL(BEFORE, migrations.RunSQL.noop),
        migrations.RemoveField("apitoken", "used_on"),
        migrations.AddConstraint(
            "apitoken",
            models.CheckConstraint(
                condition=models.Q(
                    (
                        "expires_at__lte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("created_at"), "+", models.Value("365 days", output_field=models.DurationField())
                        ),
                    )
                ),
                name="token_works_a_year_at_most",
            ),
        ),
        migrations.AddConstraint(
            "apitoken",
            models.CheckConstraint(
                condition=models.Q(("scopes__contained_by", ["read", "work", "post", "money", "admin"]), ("scopes__len__gt", 0)),
                name="token_has_known_scopes",
            ),
        ),
        migrations.RunSQL(ENDED_BY_A_FACTOR, NO_LONGER),
    ]
