"""Close what the hostile tests found: folded sums that could be written down, and escrow payments that were not one place's pay.

- `folded_*` is now computed by the trigger that guards the account, from the transfers between the old and the new `folded_before`.
  Two folds that race add nothing twice, and nobody can state a balance: not by an insert, not by an update.
- The path that debits an escrow without looking at its balance is open to exactly one hold, one fee and one overturned earning per
  reference, each into an account of the right kind: the key says so, and keys are unique.
- An escrow has a cap: the constraint let an unknown one pass, and the trigger then compared with nothing.
- A void that leaves out the amount of its hold is refused: it would have ended the hold and freed nothing.
"""

from django.db import migrations, models
from django.db.models import Q

TRANSFER_CHECK = """
CREATE OR REPLACE FUNCTION payments_transfer_check() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    payer payments_account;
    payee payments_account;
    held payments_transfer;
    balance record;
BEGIN
    NEW.transaction := pg_current_xact_id()::text::bigint;
    SELECT * INTO payer FROM payments_account WHERE id = NEW.debit_id;
    SELECT * INTO payee FROM payments_account WHERE id = NEW.credit_id;
    IF payer.id IS NULL OR payee.id IS NULL THEN
        RAISE EXCEPTION 'transfer % names an account that does not exist', NEW.key
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'transfer_accounts_exist';
    END IF;
    IF payer.currency <> NEW.currency OR payee.currency <> NEW.currency THEN
        RAISE EXCEPTION 'transfer % mixes currencies', NEW.key
            USING ERRCODE = 'check_violation', CONSTRAINT = 'transfer_in_one_currency';
    END IF;
    IF NEW.transaction < greatest(payer.folded_before, payee.folded_before) THEN
        RAISE EXCEPTION 'the folded balances come from another server' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'ledger_is_folded_here', HINT = 'After restoring a dump run: manage.py unfold_ledger';
    END IF;
    IF NEW.phase IN ('settle', 'void') THEN
        SELECT * INTO held FROM payments_transfer WHERE id = NEW.hold_id;
        IF held.id IS NULL OR held.phase <> 'hold' OR held.debit_id <> NEW.debit_id OR held.credit_id <> NEW.credit_id
           OR held.amount_micros IS DISTINCT FROM NEW.hold_micros OR held.reason <> NEW.reason
           OR held.reference IS DISTINCT FROM NEW.reference THEN
            RAISE EXCEPTION 'transfer % does not fit the hold it ends', NEW.key
                USING ERRCODE = 'check_violation', CONSTRAINT = 'transfer_fits_its_hold';
        END IF;
        RETURN NEW;  -- what it frees is never less than what it takes
    END IF;
    IF payer.guard = 'none' THEN
        RETURN NEW;
    END IF;
    IF payer.guard = 'places' AND NEW.reason IN ('earning', 'fee') THEN
        IF NEW.amount_micros > payer.unit_cap_micros THEN
            RAISE EXCEPTION 'transfer % is more than one place may cost', NEW.key
                USING ERRCODE = 'check_violation', CONSTRAINT = 'escrow_pays_one_place_at_a_time';
        END IF;
        IF (CASE NEW.key
               WHEN 'earning:' || NEW.reference THEN NEW.reason = 'earning' AND NEW.phase = 'hold' AND payee.kind = 'earnings'
               WHEN 'earning-overturned:' || NEW.reference THEN NEW.reason = 'earning' AND NEW.phase = 'post' AND payee.kind = 'earnings'
               WHEN 'fee:' || NEW.reference THEN NEW.reason = 'fee' AND NEW.phase = 'post' AND payee.kind = 'fees'
           END) IS NOT TRUE THEN
            RAISE EXCEPTION 'transfer % is not the pay or the fee of one place', NEW.key
                USING ERRCODE = 'check_violation', CONSTRAINT = 'escrow_pays_each_place_once';
        END IF;
        RETURN NEW;
    END IF;
    UPDATE payments_account SET guarded_debits = guarded_debits + 1 WHERE id = payer.id;
    SELECT * INTO balance FROM payments_balance(payer.id);
    IF balance.posted - balance.held_out < NEW.amount_micros THEN
        RAISE EXCEPTION 'transfer % would overdraw % % (available %, wanted %)',
            NEW.key, payer.kind, payer.id, balance.posted - balance.held_out, NEW.amount_micros
            USING ERRCODE = 'check_violation', CONSTRAINT = 'account_never_overdrawn';
    END IF;
    RETURN NEW;
END $$;
"""

ACCOUNT_CHECK = """
CREATE OR REPLACE FUNCTION payments_account_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    posted numeric;
    held_out numeric;
    held_in numeric;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF (NEW.folded_posted_micros, NEW.folded_held_out_micros, NEW.folded_held_in_micros, NEW.folded_before, NEW.guarded_debits)
            IS DISTINCT FROM (0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint) THEN
            RAISE EXCEPTION 'account % does not start empty', NEW.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'account_starts_empty';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION 'an account is fixed: % refused', TG_OP USING ERRCODE = 'restrict_violation', CONSTRAINT = 'account_is_fixed';
    END IF;
    IF (OLD.id, OLD.kind, OLD.owner_id, OLD.currency, OLD.guard, OLD.unit_cap_micros, OLD.created_at)
        IS DISTINCT FROM (NEW.id, NEW.kind, NEW.owner_id, NEW.currency, NEW.guard, NEW.unit_cap_micros, NEW.created_at)
        OR NEW.guarded_debits < OLD.guarded_debits THEN
        RAISE EXCEPTION 'an account is fixed: % refused', TG_OP USING ERRCODE = 'restrict_violation', CONSTRAINT = 'account_is_fixed';
    END IF;
    IF NEW.folded_before = OLD.folded_before THEN
        IF (OLD.folded_posted_micros, OLD.folded_held_out_micros, OLD.folded_held_in_micros)
            IS DISTINCT FROM (NEW.folded_posted_micros, NEW.folded_held_out_micros, NEW.folded_held_in_micros) THEN
            RAISE EXCEPTION 'the folded sums of account % are computed, not stated', NEW.id
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'account_sums_are_computed';
        END IF;
        RETURN NEW;
    END IF;
    -- `folded_before` moves: whatever sums the statement names, they are computed here, from the row as it is now locked.
    NEW.folded_posted_micros := 0;
    NEW.folded_held_out_micros := 0;
    NEW.folded_held_in_micros := 0;
    IF NEW.folded_before = 0 THEN
        RETURN NEW;
    END IF;
    IF NEW.folded_before < OLD.folded_before OR NEW.folded_before > pg_snapshot_xmin(pg_current_snapshot())::text::bigint THEN
        RAISE EXCEPTION 'account % can be folded forward, to before every running transaction, or unfolded', NEW.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'account_is_folded_forward';
    END IF;
    SELECT OLD.folded_posted_micros + coalesce(sum(CASE WHEN t.credit_id = OLD.id THEN t.amount_micros ELSE -t.amount_micros END)
                                               FILTER (WHERE t.phase IN ('post', 'settle')), 0),
           OLD.folded_held_out_micros + coalesce(sum(CASE WHEN t.phase = 'hold' THEN t.amount_micros ELSE -t.hold_micros END)
                                                 FILTER (WHERE t.phase <> 'post' AND t.debit_id = OLD.id), 0),
           OLD.folded_held_in_micros + coalesce(sum(CASE WHEN t.phase = 'hold' THEN t.amount_micros ELSE -t.hold_micros END)
                                                FILTER (WHERE t.phase <> 'post' AND t.credit_id = OLD.id), 0)
      INTO posted, held_out, held_in
      FROM (SELECT * FROM payments_transfer
             WHERE debit_id = OLD.id AND transaction >= OLD.folded_before AND transaction < NEW.folded_before
            UNION ALL
            SELECT * FROM payments_transfer
             WHERE credit_id = OLD.id AND transaction >= OLD.folded_before AND transaction < NEW.folded_before) t;
    IF greatest(abs(posted), abs(held_out), abs(held_in)) > 9223372036854775807 THEN
        RETURN OLD;  -- too much for the columns: this account stays as it is and its transfers are summed as ever
    END IF;
    NEW.folded_posted_micros := posted;
    NEW.folded_held_out_micros := held_out;
    NEW.folded_held_in_micros := held_in;
    RETURN NEW;
END $$;
DROP TRIGGER payments_account_is_fixed ON payments_account;
CREATE TRIGGER payments_account_is_fixed BEFORE INSERT OR UPDATE OR DELETE ON payments_account
    FOR EACH ROW EXECUTE FUNCTION payments_account_is_fixed();
"""


class Migration(migrations.Migration):
    """Replaces two functions of 0002 and a constraint; going back leaves the firmer ones in place, which refuse nothing the application does."""

    dependencies = [("payments", "0002_guards")]
    operations = [
        migrations.RemoveConstraint("account", "account_guard_fits_its_kind"),
        migrations.AddConstraint(
            "account",
            models.CheckConstraint(
                condition=Q(kind="outside", guard="none")
                | Q(kind="fees", guard="balance")
                | Q(kind="escrow", guard="places", unit_cap_micros__isnull=False, unit_cap_micros__gt=0)
                | Q(kind__in=["funds", "earnings"], guard="balance"),
                name="account_guard_fits_its_kind",
            ),
        ),
        migrations.RunSQL(TRANSFER_CHECK, migrations.RunSQL.noop),
        migrations.RunSQL(ACCOUNT_CHECK, migrations.RunSQL.noop),
    ]
