"""Preset dictionaries: what documents have in common, so that an item stores only what differs.

zlib refers to a passage of the dictionary as if it had come before the document. Its header names the dictionary by
the checksum, so a reader knows which one a document was written with. A stored document cannot be read without it.
That is why dictionaries are only ever added, at the end, and none is changed or removed. Writers use the last one.

`python -m tests.bench.dictionary` makes one of the documents of the day. It is worth adding another when
`tests/adapters/test_dictionaries.py` finds that the last one has fallen behind what the day's documents would give.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping

_2026_11 = (
    b'authorizing_until":0,"account":{"as_of":17,"businessharges_enabled":true,"details_submitted":true,"defau'
    b'lt_ountry":"US","requirements":[],"payment_capabilities":{"card_payments":"active","transfers":"active",'
    b'"us_bank_account_ach_payments":"active"}},"sweep":{"swept_until":17,"objects_swept_at":0,"objects_due":f'
    b'alse,"objects_before":null,"recovered":0,"missed_at":0,"missed_found_at":0,"early_at":0,"latest":null,"c'
    b'atching_up":false,"caught_up":null,"due_at":0,"happened_at":17,"expecting":false},"testfresh_asked_at":0'
    b',"frozen":null,"version":2}","profile":{"first_name":"","last_name":"","company_name":null,"email":"","p'
    b'hone":null,"address":{"street":null,"street2":null,"city":null,"state":null,"zip_code":null,"country":nu'
    b'll}},"edition":1sync_status":"pending","sync_error":null,"sync":null,"chosen_as_of":0,"key_version":1,"c'
    b'laim":null,"search_spellings":false,"unlinked_emails":[],"candidates":[],"history":[],"from_stripe":[],"'
    b'choice_refusormer_stripe_ids":[],"offered_by":null}"succeeded":17}}"processing":17{"reason":"insufficien'
    b't_funds"}{"reason":"insufficient_funds"}failed"],[1,,]]]}{"id":"du_","kind":"dispute","status":"needs_re'
    b'sponse","at":17reason":"fraudulent"}{"id":"re_","kind":"refund"kind":"payment"ending","at":17null,"brand'
    b'":null,"last4":nullending"],[1,,]]]}{"organization_id":"","id":"inv_","stripe_account_id":"acct_1","live'
    b'mode":true,"order":{"customer_id":"","currency":"usd","line_items":[{"service_id":"","description":"","q'
    b'uantity":"1","unit_price":,"amount":,"taxable":false}],"payment_terms":"net_30","days_until_due":30,"due'
    b'_date":null,"time_zone":"America/Phoenix","fingerprint":"","tax":0,"memo":null,"footer":null,"payment_me'
    b'thods":[]},"saga":{"step":"done","send":true,"nonce":"","step_began_at":17,"generation":0,"look_first":f'
    b'alse,"resume_at":null,"attempts":0,"refusal":null,"interrupted":false,"finalized_before":false},"created'
    b'_at":17,"created_by":"","updated_at":17,"facts":{"invoice":{"id":"in_","as_of":17,"status":"paid","total'
    b'":,"amount_paid":,"amount_remaining":0,"currency":"usd","number":"-0007","due_at":17,"hosted_url":"https'
    b'://invoice.stripe.com/i/acct_1/live_YWNjdF8x?s=ap","pdf_url":"https://pay.stripe.com/invoice/acct_1/live'
    b'_YWNjdF8x/pdf?s=ap","finalized_at":17,"paid_at":17,"voided_at":null,"marked_uncollectible_at":null,"amou'
    b'nt_paid_off_stripe":0,"amount_overpaid":0,"amount_due":,"starting_balance":0,"ending_balance":0,"discoun'
    b't_amount":0,"pre_payment_credit_notes_amount":0,"post_payment_credit_notes_amount":0,"customer_email":""'
    b',"drafted_for":null,"drafted_lines":null,"drafted_details":null,"charges_automatically":false,"from_invo'
    b'ice_id":null,"latest_revision_id":null,"deleted":false,"seen":{}},"revisions":{},"payment_intents":{"pi_'
    b'":{"id":"pi_","as_of":17,"status":"succeeded","amount":,"currency":"usd","latest_charge_id":"ch_","failu'
    b're":null,"failed_charge_id":null,"failed_method":null,"seen":{}}},"charges":{"ch_":{"id":"ch_","as_of":1'
    b'7,"status":"succeeded","amount":,"currency":"usd","created":17,"payment_intent_id":"pi_","failure":null,'
    b'"method":"card","brand":"visa","last4":"4242","expires":"2034-12","receipt_url":"https://pay.stripe.com/'
    b'receipts/invoices/CAcaFwoVYWNjdF8x?s=ap","seen":{}}},"refunds":{},"disputes":{},"payments":{"inpay_":{"i'
    b'd":"inpay_","as_of":17,"status":"paid","stripe_invoice_id":"in_","amount_paid":,"currency":"usd","paymen'
    b't_intent_id":"pi_"}},"credit_notes":{},"attempts":{},"attempt_failed_at":0,"mails":[]},"actions":[{"at":'
    b'17,"kind":"created","actor":"","reason":null,"stripe_id":null,"amount":null},{"at":17,"kind":"sent_by_po'
    b'm","actor":"","reason":null,"stripe_id":"in_","amount":null}],"refund_orders":[],"sent_at":17,"stripe_cu'
    b'stomer_id":"cus_","stripe_invoice_id":"in_","terms_due_at":17,"former_terms_due_at":null,"details_as_mad'
    b'e":{"description":null,"footer":null,"payment_method_types":[],"custom_fields":[]},"overdue_since":null,'
    b'"outside_payment":null,"intended":[],"reminder_asked_at":null,"reminded_at":null,"links_read_at":0,"vers'
    b'ion":8,"payments_listed":true,"counted":[[["usd","status","paid"],[1,,0]],[["usd","paid","2027-01-19"],['
    b"1,,0]]]}"
)

DICTIONARIES = (_2026_11,)
BY_CHECKSUM: Mapping[int, bytes] = {zlib.adler32(each): each for each in DICTIONARIES}
