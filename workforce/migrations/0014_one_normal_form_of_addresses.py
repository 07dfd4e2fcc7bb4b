"""The database keeps addresses in their normal form alone, also those in the table of django-allauth, and each of an account once."""

from django.db import migrations, models

NORMAL_FORM = "^[a-z0-9!#$%&'*+/=?^_`{|}~.-]+@[a-z0-9.-]+$"


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("workforce", "0013_addresses_in_their_normal_form"),
        ("account", "0009_emailaddress_unique_primary_email"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="user",
            name="email_once_whatever_its_case",
        ),
        migrations.AlterField(
            model_name="user",
            name="email",
            field=models.EmailField(max_length=254),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(fields=("email",), name="email_once"),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(("email__regex", NORMAL_FORM)), name="email_is_in_its_normal_form"
            ),
        ),
        migrations.RunSQL(
            [
                (
                    "ALTER TABLE account_emailaddress ADD CONSTRAINT emailaddress_is_in_its_normal_form CHECK (email ~ %s)",
                    [NORMAL_FORM],
                )
            ],
            "ALTER TABLE account_emailaddress DROP CONSTRAINT emailaddress_is_in_its_normal_form",
        ),
    ]
