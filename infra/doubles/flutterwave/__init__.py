"""A double of Flutterwave: its API, hosted page and webhooks, on one machine, with faults on demand. See ../README.md.

It shares no code with the product. What the provider documents is done as documented; where the documents are silent
the plainest shape was chosen, and these are the places (a client must not lean on them more than it has to):

- GET /v3/refunds takes from, to, status, currency, flw_ref, id or tx_id (both the transaction);
  /v3/transactions/ID/refunds is the same list of one transaction. GET /v3/chargebacks takes flw_ref, id
  (the transaction), status and page, of twenty. Elsewhere page, and everywhere from and to, are taken and change nothing:
  a list is whole. A filter nobody knows is recorded, and changes nothing either.
- A chargeback that is declined goes on as another one, with an id and a stage of its own; no money moves by that.
- verify_by_reference with several transactions of one tx_ref answers the first successful one, else the newest.
- "Not found" is 400 by default (setting not_found_status), with the documented body.
- A reversed payout reads FAILED again, its complete_message says why; v3 tells it by another transfer.completed, v4 by
  transfer.reversal.
- Chargebacks are told as chargeback.opened, chargeback.won and chargeback.lost; refunds in v4 as refund.completed
  and refund.failed.
- What a refund was asked with is called comments when it is read, and its charge tx_id; the documents also have comment
  and transaction_id (setting refund_note).
- Refunds cost nothing; a payout in another currency than its debit_currency is refused.
- Errors of v4 are {"status":"failed","error":{type,code,message}}; its base here is /v4, its token server /idp.
"""
