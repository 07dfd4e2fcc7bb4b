"""What must be true of work in the whole database, checked by recomputing it."""

CHECKS: dict[str, str] = {
    "I3 an accepted answer has one settled earning of the agreed price": """
        SELECT 'assignment ' || a.id FROM tasks_assignment a
          LEFT JOIN payments_transfer t ON t.reference = a.id AND t.reason = 'earning' AND t.phase IN ('settle', 'post')
         WHERE a.state = 'accepted' GROUP BY a.id, a.price_micros
        HAVING count(t.id) <> 1 OR max(t.amount_micros) <> a.price_micros""",
    "I3 a submitted answer has one open hold of the agreed price": """
        SELECT 'assignment ' || a.id FROM tasks_assignment a
          LEFT JOIN payments_transfer h ON h.reference = a.id AND h.phase = 'hold'
          LEFT JOIN payments_transfer e ON e.hold_id = h.id
         WHERE a.state = 'submitted' GROUP BY a.id, a.price_micros
        HAVING count(h.id) <> 1 OR count(e.id) <> 0 OR max(h.amount_micros) <> a.price_micros""",
    "I3 work that is not used earns nothing": """
        SELECT 'assignment ' || a.id FROM tasks_assignment a JOIN payments_transfer t ON t.reference = a.id
         WHERE a.state IN ('leased', 'returned', 'expired', 'rejected') AND t.phase IN ('settle', 'post') AND t.reason = 'earning'""",
    "I4 a closed batch with nothing outstanding holds nothing but room for overturned rejections": """
        SELECT 'batch ' || b.id FROM tasks_batch b, payments_balance(b.escrow_id) s
         WHERE b.state = 'closed' AND b.closed_at < now() - interval '16 days' AND s.posted - s.held_out > 0
           AND NOT EXISTS (SELECT 1 FROM tasks_assignment a WHERE a.batch_id = b.id AND a.state IN ('leased', 'submitted', 'rejected'))""",
    "I10 an answered assignment has its answer": """
        SELECT 'assignment ' || a.id FROM tasks_assignment a LEFT JOIN tasks_answer n ON n.assignment_id = a.id
         WHERE (a.state IN ('submitted', 'accepted', 'rejected', 'late')) <> (n.assignment_id IS NOT NULL)""",
    "places: what a task needs, has in hand and has done is what it wants": """
        SELECT 'task ' || t.id || ' ' || t.state FROM tasks_task t
          LEFT JOIN tasks_assignment a ON a.task_id = t.id
         GROUP BY t.id
        HAVING count(a.id) FILTER (WHERE a.state IN ('submitted', 'accepted')) <> t.done
            OR (t.state <> 'cancelled' AND t.lane <> 2
                AND t.need + t.done + count(a.id) FILTER (WHERE a.state = 'leased') > t.overlap)
            OR (t.state = 'open' AND t.need + t.done + count(a.id) FILTER (WHERE a.state = 'leased') <> t.overlap
                AND NOT EXISTS (SELECT 1 FROM tasks_batch b WHERE b.id = t.batch_id AND b.state IN ('closed', 'draft')))""",
    "nobody has a task twice": """
        SELECT 'task ' || task_id || ' worker ' || worker_id FROM tasks_assignment
         WHERE state NOT IN ('returned', 'expired') GROUP BY task_id, worker_id HAVING count(*) > 1""",
}
