"""What must be true of money and time in the whole database, checked by recomputing it. Each check returns what offends it."""

from django.db import connection

# Names follow the numbering of the invariants in docs/money.md.
CHECKS: dict[str, str] = {
    "I1 every account's balance is the sum over its transfers": """
        WITH legs AS (
            SELECT credit_id AS id, phase, amount_micros, hold_micros, 1 AS sign FROM payments_transfer
             UNION ALL
            SELECT debit_id, phase, amount_micros, hold_micros, -1 FROM payments_transfer
        ), moved AS (
            SELECT id, sign, phase IN ('post', 'settle') AS is_posted, amount_micros,
                   CASE phase WHEN 'post' THEN 0 WHEN 'hold' THEN amount_micros ELSE -hold_micros END AS held
              FROM legs
        ), s AS (
            SELECT id, sum(sign * amount_micros) FILTER (WHERE is_posted) AS posted,
                   sum(held) FILTER (WHERE sign < 0) AS held_out, sum(held) FILTER (WHERE sign > 0) AS held_in
              FROM moved GROUP BY id
        )
        SELECT 'account ' || a.id FROM payments_account a CROSS JOIN LATERAL payments_balance(a.id) b
          LEFT JOIN s ON s.id = a.id
         WHERE (b.posted, b.held_out, b.held_in)
               IS DISTINCT FROM (coalesce(s.posted, 0), coalesce(s.held_out, 0), coalesce(s.held_in, 0))""",
    "I1 all balances of a currency sum to zero": """
        SELECT a.currency || ' ' || sum(b.posted) FROM payments_account a, payments_balance(a.id) b
         GROUP BY a.currency HAVING sum(b.posted) <> 0 OR sum(b.held_out) <> sum(b.held_in)""",
    "I2 no guarded account is negative, holds included": """
        SELECT a.kind || ' ' || a.id || ' ' || (b.posted - b.held_out) FROM payments_account a, payments_balance(a.id) b
         WHERE a.guard <> 'none' AND b.posted - b.held_out < 0""",
    "I3 a fee is taken only of work that was paid": """
        SELECT 'transfer ' || f.id FROM payments_transfer f
         WHERE f.reason = 'fee' AND NOT EXISTS (
               SELECT 1 FROM payments_transfer e
                WHERE e.reference = f.reference AND e.reason = 'earning' AND e.phase IN ('settle', 'post'))""",
    "I3 nothing is earned twice for one reference": """
        SELECT 'reference ' || reference FROM payments_transfer WHERE reason = 'earning' AND phase IN ('settle', 'post')
         GROUP BY reference HAVING count(*) > 1""",
    "I4 a hold is ended once, by a row that fits it": """
        SELECT 'hold ' || h.id FROM payments_transfer h JOIN payments_transfer e ON e.hold_id = h.id
         GROUP BY h.id
        HAVING count(*) > 1 OR h.phase <> 'hold'
            OR bool_or(e.hold_micros IS DISTINCT FROM h.amount_micros OR e.amount_micros > h.amount_micros
                       OR (e.debit_id, e.credit_id, e.currency) <> (h.debit_id, h.credit_id, h.currency))""",
    "I7 transfers name accounts that exist, in their currency": """
        SELECT 'transfer ' || t.id FROM payments_transfer t
          LEFT JOIN payments_account d ON d.id = t.debit_id AND d.currency = t.currency
          LEFT JOIN payments_account c ON c.id = t.credit_id AND c.currency = t.currency
         WHERE d.id IS NULL OR c.id IS NULL""",
    "I8 what workers have is what they earned less what they were paid": """
        SELECT 'account ' || a.id FROM payments_account a CROSS JOIN LATERAL payments_balance(a.id) b
          LEFT JOIN (SELECT credit_id, sum(amount_micros) AS micros FROM payments_transfer
                      WHERE phase IN ('post', 'settle') AND reason = 'earning' GROUP BY 1) earned ON earned.credit_id = a.id
          LEFT JOIN (SELECT debit_id, sum(amount_micros) AS micros FROM payments_transfer
                      WHERE phase IN ('post', 'settle') AND reason = 'payout' GROUP BY 1) paid ON paid.debit_id = a.id
         WHERE a.kind = 'earnings' AND b.posted <> coalesce(earned.micros, 0) - coalesce(paid.micros, 0)""",
    "no second of a worker is credited twice": """
        SELECT DISTINCT 'worker ' || worker_id FROM (
            SELECT worker_id, lower(period) AS begins,
                   max(upper(period)) OVER (PARTITION BY worker_id ORDER BY lower(period), id
                                            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS ended
              FROM payments_workinterval) i WHERE begins < ended""",
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
