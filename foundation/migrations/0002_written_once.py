"""Events and the audit trail are written once."""

from django.db import migrations

from foundation.append_only import append_only, define_function


class Migration(migrations.Migration):
    """Triggers against update, delete and truncate."""

    dependencies = [("foundation", "0001_initial")]
    operations = [define_function(), append_only("foundation_event"), append_only("foundation_auditentry")]
