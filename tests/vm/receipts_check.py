#!/usr/bin/python3
"""receipts_check.py GENESIS STORE: whether a store still has what was receipted, by the verifier that was written from
docs/format.md alone.

Standard input has one receipt a line, in base64. Each must verify under the fleet log's key, its head must be in the
store with that root, and its fleet checkpoint must be what the store's fleet log was at that size. Prints what the store
holds; ends with 1 if anything is lost.
"""

import base64
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "independent"))
from basics import Refused  # noqa: E402
from fleetlog import check_in_fleet_log, parse_receipt  # noqa: E402
from statements import check_genesis  # noqa: E402
from verify import Verification  # noqa: E402


def lost(store, data):
    """Why the store does not have what the receipt promises, or None."""
    receipt = parse_receipt(data)
    fleet = check_in_fleet_log(receipt, store.genesis.log)
    log = store.logs.get(receipt.origin)
    if log is None or log.heads.get(receipt.size) != receipt.root:
        return f"{receipt.origin} of size {receipt.size}"
    if fleet.size > store.fleet_size or store.tree.root(fleet.size) != fleet.root:
        return f"the fleet log of size {fleet.size}"
    return None


def main():
    genesis = check_genesis(Path(sys.argv[1]).read_bytes())
    store = Verification(Path(sys.argv[2]), genesis, [])
    store.run()
    receipts = [base64.b64decode(line) for line in sys.stdin]
    losses = [loss for loss in (lost(store, data) for data in receipts) if loss]
    for loss in losses:
        print(f"receipted and lost: {loss}")
    verdicts = Counter(finding.verdict for finding in store.findings.all)
    held = ", ".join(f"{origin} {log.size} entries" for origin, log in store.logs.items())
    print(f"{len(receipts)} receipts; {held}; findings: {dict(verdicts)}")
    return 1 if losses or not receipts else 0


try:
    sys.exit(main())
except Refused as refused:
    print(f"receipts_check: {refused.reason}")
    sys.exit(1)
