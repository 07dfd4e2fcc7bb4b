"""The ledger's own guards: written once, balanced accounts, holds ended once, guarded accounts never below zero."""

from django.db import migrations

from foundation.append_only import append_only

BALANCE = """
CREATE FUNCTION payments_balance(account uuid, OUT posted numeric, OUT held_out numeric, OUT held_in numeric)
LANGUAGE sql STABLE AS $$
    WITH account AS (SELECT * FROM payments_account WHERE id = $1),
    outgoing AS (
        SELECT coalesce(sum(t.amount_micros) FILTER (WHERE t.phase IN ('post', 'settle')), 0) AS posted,
               coalesce(sum(t.amount_micros) FILTER (WHERE t.phase = 'hold'), 0) - coalesce(sum(t.hold_micros), 0) AS held
          FROM payments_transfer t, account a WHERE t.debit_id = a.id AND t.transaction >= a.folded_before),
    incoming AS (
        SELECT coalesce(sum(t.amount_micros) FILTER (WHERE t.phase IN ('post', 'settle')), 0) AS posted,
               coalesce(sum(t.amount_micros) FILTER (WHERE t.phase = 'hold'), 0) - coalesce(sum(t.hold_micros), 0) AS held
          FROM payments_transfer t, account a WHERE t.credit_id = a.id AND t.transaction >= a.folded_before)
    SELECT a.folded_posted_micros + incoming.posted - outgoing.posted,
           a.folded_held_out_micros + outgoing.held,
           a.folded_held_in_micros + incoming.held
      FROM account a, outgoing, incoming
$$;
"""

# One BEFORE INSERT trigger. A debit of a guarded account raises `guarded_debits` of the account row: that makes racing debits
# queue up, and under REPEATABLE READ makes the later one fail instead of deciding on a stale sum.
CHECK = """
CREATE FUNCTION payments_transfer_check() RETURNS trigger LANGUAGE plpgsql AS $$
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
           OR held.amount_micros <> NEW.hold_micros THEN
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
CREATE TRIGGER payments_transfer_check BEFORE INSERT ON payments_transfer
    FOR EACH ROW EXECUTE FUNCTION payments_transfer_check();
"""

ACCOUNT = """
CREATE FUNCTION payments_account_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP IN ('DELETE', 'TRUNCATE') OR (OLD.id, OLD.kind, OLD.owner_id, OLD.currency, OLD.guard, OLD.unit_cap_micros, OLD.created_at)
        IS DISTINCT FROM (NEW.id, NEW.kind, NEW.owner_id, NEW.currency, NEW.guard, NEW.unit_cap_micros, NEW.created_at) THEN
        RAISE EXCEPTION 'an account is fixed: % refused', TG_OP
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'account_is_fixed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payments_account_is_fixed BEFORE UPDATE OR DELETE ON payments_account
    FOR EACH ROW EXECUTE FUNCTION payments_account_is_fixed();
CREATE TRIGGER payments_account_no_truncate BEFORE TRUNCATE ON payments_account
    FOR EACH STATEMENT EXECUTE FUNCTION payments_account_is_fixed();
"""


class Migration(migrations.Migration):
    """Functions and triggers; the rules they keep are told in docs/money.md."""

    dependencies = [("payments", "0001_initial"), ("foundation", "0002_written_once")]
    operations = [
        append_only("payments_transfer"),
        append_only("payments_workinterval"),
        migrations.RunSQL(BALANCE, "DROP FUNCTION payments_balance"),
        migrations.RunSQL(
            CHECK, "DROP TRIGGER payments_transfer_check ON payments_transfer; DROP FUNCTION payments_transfer_check"
        ),
        migrations.RunSQL(
            ACCOUNT,
            "DROP TRIGGER payments_account_is_fixed ON payments_account;"
            "DROP TRIGGER payments_account_no_truncate ON payments_account; DROP FUNCTION payments_account_is_fixed",
        ),
    ]
