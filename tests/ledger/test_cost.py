import time
from foundation.ids import new_id
from payments.models import Transfer
from tests.ledger import books
from django.db import connection
def test_cost(db):
    escrow, w = books.opened("escrow", cap=100), books.opened("earnings")
    def once():
        rows=[]
        for r in [new_id() for _ in range(5000)]:
            rows.append(Transfer(key=f"earning:{r}",phase="hold",debit_id=escrow,credit_id=w,amount_micros=100,currency="USD",reason="earning",reference=r,created_at=books.NOW))
        t=time.process_time(); t0=time.perf_counter(); Transfer.objects.bulk_create(rows, batch_size=1000); return (time.perf_counter()-t0)/5000*1e6
    once()
    for _ in range(3):
        for mode in ("SET enable_seqscan = off","RESET enable_seqscan"):
            books.run(f"ALTER FUNCTION payments_transfer_check() {mode}")
            print(mode, [round(once(),1) for _ in range(3)], "us a row")
