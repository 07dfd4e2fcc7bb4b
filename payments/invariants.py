"""What must be true of money and time in the whole database, checked by recomputing it. Each check returns what offends it."""

from django.db import connection

# Names follow the numbering of the invariants in docs/money.md.
CHECKS: dict[str, str] = {
    "I1 every account's balance is the sum over its transfers": """
        SELECT 'account ' || a.id FROM payments_account a, payments_balance(a.id) b,
               LATERAL (SELECT coalesce(sum(CASE WHEN t.credit_id = a.id THEN t.amount_micros ELSE -t.amount_micros END)
                                   FILTER (WHERE t.phase IN ('post', 'settle')), 0) AS posted,
                               coalesce(sum(CASE WHEN t.phase = 'hold' THEN t.amount_micros ELSE -t.hold_micros END)
                                   FILTER (WHERE t.debit_id = a.id AND t.phase <> 'post'), 0) AS held_out,
                               coalesce(sum(CASE WHEN t.phase = 'hold' THEN t.amount_micros ELSE -t.hold_micros END)
                                   FILTER (WHERE t.credit_id = a.id AND t.phase <> 'post'), 0) AS held_in
                          FROM payments_transfer t WHERE a.id IN (t.debit_id, t.credit_id)) s
         WHERE (b.posted, b.held_out, b.held_in) IS DISTINCT FROM (s.posted, s.held_out, s.held_in)""",
    "I1 all balances of a currency sum to zero": """
        SELECT a.currency || ' ' || sum(b.posted) FROM payments_account a, payments_balance(a.id) b
         GROUP BY a.currency HAVING sum(b.posted) <> 0""",
    "I2 no guarded account is negative, holds included": """
        SELECT a.kind || ' ' || a.id || ' ' || (b.posted - b.held_out) FROM payments_account a, payments_balance(a.id) b
         WHERE a.guard <> 'none' AND b.posted - b.held_out < 0""",
    "I4 a hold is ended once, by a row that fits it": """
        SELECT 'hold ' || h.id FROM payments_transfer h JOIN payments_transfer e ON e.hold_id = h.id
         GROUP BY h.id, h.phase, h.amount_micros
        HAVING count(*) > 1 OR h.phase <> 'hold' OR bool_or(e.hold_micros <> h.amount_micros OR e.amount_micros > h.amount_micros)""",
    "I7 transfers name accounts that exist, in their currency": """
        SELECT 'transfer ' || t.id FROM payments_transfer t
          LEFT JOIN payments_account d ON d.id = t.debit_id AND d.currency = t.currency
          LEFT JOIN payments_account c ON c.id = t.credit_id AND c.currency = t.currency
         WHERE d.id IS NULL OR c.id IS NULL""",
    "no second of a worker is credited twice": """
        SELECT DISTINCT 'worker ' || a.worker_id FROM payments_workinterval a
          JOIN payments_workinterval b ON b.worker_id = a.worker_id AND b.id > a.id AND b.period && a.period""",
}


def offences(checks: dict[str, str], *, limit: int = 20) -> dict[str, list[str]]:
    """Run the checks; what offends each, at most `limit` a check, for those that are offended."""
    found = {}
    with connection.cursor() as cursor:
        for name, statement in checks.items():
            cursor.execute(f"SELECT * FROM ({statement}) AS offences LIMIT {int(limit)}")  # noqa: S608 - our own statements
            rows = [str(row[0]) for row in cursor.fetchall()]
            if rows:
                found[name] = rows
    return found
