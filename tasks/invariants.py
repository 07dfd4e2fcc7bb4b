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
    "the tally of a batch is what its rows say": """
        WITH said AS (
            SELECT batch_id, sum(tasks) AS tasks, sum(places) AS places, sum(complete) AS complete, sum(answered) AS answered,
                   sum(need) AS need, sum(gold_wished) AS gold_wished, sum(gold_others) AS gold_others,
                   sum(gold_answered) AS gold_answered, sum(leased) AS leased,
                   sum(submitted) AS submitted, sum(accepted) AS accepted, sum(rejected) AS rejected, sum(returned) AS returned,
                   sum(expired) AS expired, sum(late) AS late, sum(owed_micros) AS owed
              FROM tasks_tally GROUP BY batch_id
        ), of_tasks AS (
            SELECT batch_id, count(*) FILTER (WHERE lane <> 2) AS tasks, sum(overlap) FILTER (WHERE lane <> 2) AS places,
                   count(*) FILTER (WHERE lane <> 2 AND state = 'complete') AS complete, sum(done) FILTER (WHERE lane <> 2) AS answered,
                   sum(need) AS need, sum(overlap) FILTER (WHERE lane = 2) AS gold_wished,
                   count(*) FILTER (WHERE lane = 2 AND overlap = 0) AS gold_others,
                   sum(done) FILTER (WHERE lane = 2) AS gold_answered
              FROM tasks_task GROUP BY batch_id
        ), of_assignments AS (
            SELECT batch_id, count(*) FILTER (WHERE state = 'leased') AS leased, count(*) FILTER (WHERE state = 'submitted') AS submitted,
                   count(*) FILTER (WHERE state = 'accepted') AS accepted, count(*) FILTER (WHERE state = 'rejected') AS rejected,
                   count(*) FILTER (WHERE state = 'returned') AS returned, count(*) FILTER (WHERE state = 'expired') AS expired,
                   count(*) FILTER (WHERE state = 'late') AS late,
                   sum(CASE state WHEN 'leased' THEN price_micros + fee_micros WHEN 'submitted' THEN fee_micros ELSE 0 END) AS owed
              FROM tasks_assignment GROUP BY batch_id
        )
        SELECT 'batch ' || b.id FROM tasks_batch b
          LEFT JOIN said s ON s.batch_id = b.id LEFT JOIN of_tasks t ON t.batch_id = b.id
          LEFT JOIN of_assignments a ON a.batch_id = b.id
         WHERE (coalesce(s.tasks, 0), coalesce(s.places, 0), coalesce(s.complete, 0), coalesce(s.answered, 0), coalesce(s.need, 0),
                coalesce(s.gold_wished, 0), coalesce(s.gold_others, 0), coalesce(s.gold_answered, 0), coalesce(s.leased, 0), coalesce(s.submitted, 0),
                coalesce(s.accepted, 0), coalesce(s.rejected, 0), coalesce(s.returned, 0), coalesce(s.expired, 0), coalesce(s.late, 0),
                coalesce(s.owed, 0))
               IS DISTINCT FROM
               (coalesce(t.tasks, 0), coalesce(t.places, 0), coalesce(t.complete, 0), coalesce(t.answered, 0), coalesce(t.need, 0),
                coalesce(t.gold_wished, 0), coalesce(t.gold_others, 0), coalesce(t.gold_answered, 0), coalesce(a.leased, 0), coalesce(a.submitted, 0),
                coalesce(a.accepted, 0), coalesce(a.rejected, 0), coalesce(a.returned, 0), coalesce(a.expired, 0), coalesce(a.late, 0),
                coalesce(a.owed, 0))""",
    "nobody has a task twice": """
        SELECT 'task ' || task_id || ' worker ' || worker_id FROM tasks_assignment
         WHERE state NOT IN ('returned', 'expired') GROUP BY task_id, worker_id HAVING count(*) > 1""",
}
