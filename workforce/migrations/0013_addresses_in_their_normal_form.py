"""Every address that is kept comes into its normal form; where two would become one, or one has no such form, a person decides."""

from collections import defaultdict

from django.db import migrations

from workforce.addresses import normal
from workforce.errors import BadAddress

TABLES = [("workforce", "User"), ("account", "EmailAddress"), ("workforce", "EmailCode")]


class Unclear(Exception):
    """Addresses that cannot be brought into their normal form without deciding whose they are."""


def normalise(apps, schema_editor):
    """Rewrite what is spelled otherwise. Raises Unclear with the rows in question, and nothing is changed."""
    held = set(apps.get_model("workforce", "User").objects.values_list("id", "email"))
    held |= set(apps.get_model("account", "EmailAddress").objects.filter(verified=True).values_list("user_id", "email"))
    owners, unclear = defaultdict(dict), []
    for user_id, email in sorted(held, key=str):
        try:
            owners[normal(email)][user_id] = f"{user_id} ({email!r})"
        except BadAddress as error:
            unclear.append(f"user {user_id} has {email!r}: {error.message}")
    unclear += [
        f"{form} would be the address of users {' and '.join(who.values())}" for form, who in owners.items() if len(who) > 1
    ]
    if unclear:
        raise Unclear(
            "These accounts cannot be told apart by the normal form of their address, or have none (docs/decisions/0020). Change the "
            "address of each (in workforce_user and account_emailaddress) or close the account, then migrate again:\n"
            + "\n".join(unclear)
        )
    for app, name in TABLES:
        model = apps.get_model(app, name)
        for row in model.objects.all().iterator():
            try:
                form = normal(row.email)
            except BadAddress:
                row.delete()  # an address nobody proved, or a code sent to it: the account has another
                continue
            if form == row.email:
                continue
            if name == "EmailAddress" and model.objects.filter(user_id=row.user_id, email=form).exists():
                row.delete()  # the same person's, twice
                continue
            row.email = form
            row.save(update_fields=["email"])


class Migration(migrations.Migration):
    """Data alone; the constraints follow."""

    dependencies = [("workforce", "0012_words_for_people"), ("account", "0009_emailaddress_unique_primary_email")]
    operations = [migrations.RunPython(normalise, migrations.RunPython.noop, elidable=True)]
