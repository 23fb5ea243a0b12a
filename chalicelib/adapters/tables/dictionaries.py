"""Preset dictionaries with the common text of documents, so that an item stores only the differences.

zlib can refer to a passage of the dictionary as if it had come before the document. The header of a deflated document
has the dictionary's checksum, so a reader can tell which dictionary it needs. Without that dictionary, the document
cannot be read. So dictionaries are only added, at the end, and never changed or removed. Writers use the last one.

`python -m tests.bench.dictionary` generates a dictionary from current documents. Add one when
`tests/adapters/test_dictionaries.py` reports that a new dictionary would save much more than the last one.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping

_2026_11 = (
    b'America/New_YorkAmerica/ChicagoAmerica/DenverAmerica/Los_Angelesdue_on_receiptnet_15us_bank_account"mast'
    b'ercard""amex""discover""expires":"2028-"expires":"2027-yahoo.comoutlook.comhotmail.comicloud.comcleaning'
    b'Weekly pool @gmail.com"authorizing_until":0,"account":{"as_of":17,"businessharges_enabled":true,"details'
    b'_submitted":true,"default_ountry":"US","requirements":[],"payment_capabilities":{"card_payments":"active'
    b'","transfers":"active","us_bank_account_ach_payments":"active"}},"sweep":{"swept_until":17,"objects_swep'
    b't_at":0,"objects_due":false,"objects_before":null,"recovered":0,"missed_at":0,"missed_found_at":0,"early'
    b'_at":0,"latest":null,"catching_up":false,"caught_up":null,"due_at":0,"happened_at":17,"expecting":false}'
    b',"testfresh_asked_at":0,"frozen":null,"version":2}","profile":{"first_name":"","last_name":"","company_n'
    b'ame":null,"email":"","phone":null,"address":{"street":null,"street2":null,"city":null,"state":null,"zip_'
    b'code":null,"country":null}},"edition":1sync_status":"pending","sync_error":null,"sync":null,"chosen_as_o'
    b'f":0,"key_version":1,"claim":null,"search_spellings":false,"unlinked_emails":[],"candidates":[],"history'
    b'":[],"from_stripe":[],"choice_refusormer_stripe_ids":[],"offered_by":null}"succeeded":17}}"processing":1'
    b'7{"reason":"insufficient_funds"}{"reason":"insufficient_funds"}failed"],[1,,]]]}{"id":"du_","kind":"disp'
    b'ute","status":"needs_response","at":17reason":"fraudulent"}{"id":"re_","kind":"refund"kind":"payment"end'
    b'ing","at":17null,"brand":null,"last4":nullending"],[1,,]]]}{"organization_id":"","id":"inv_","stripe_acc'
    b'ount_id":"acct_1","livemode":true,"order":{"customer_id":"","currency":"usd","line_items":[{"service_id"'
    b':"","description":"","quantity":"1","unit_price":,"amount":,"taxable":false}],"payment_terms":"net_30","'
    b'days_until_due":30,"due_date":null,"time_zone":"America/Phoenix","fingerprint":"","tax":0,"memo":null,"f'
    b'ooter":null,"payment_methods":[]},"saga":{"step":"done","send":true,"nonce":"","step_began_at":17,"gener'
    b'ation":0,"look_first":false,"resume_at":null,"attempts":0,"refusal":null,"interrupted":false,"finalized_'
    b'before":false},"created_at":17,"created_by":"","updated_at":17,"facts":{"invoice":{"id":"in_","as_of":17'
    b',"status":"paid","total":,"amount_paid":,"amount_remaining":0,"currency":"usd","number":"-0007","due_at"'
    b':17,"hosted_url":"https://invoice.stripe.com/i/acct_1/live_YWNjdF8x?s=ap","pdf_url":"https://pay.stripe.'
    b'com/invoice/acct_1/live_YWNjdF8x/pdf?s=ap","finalized_at":17,"paid_at":17,"voided_at":null,"marked_uncol'
    b'lectible_at":null,"amount_paid_off_stripe":0,"amount_overpaid":0,"amount_due":,"starting_balance":0,"end'
    b'ing_balance":0,"discount_amount":0,"pre_payment_credit_notes_amount":0,"post_payment_credit_notes_amount'
    b'":0,"customer_email":"","drafted_for":null,"drafted_lines":null,"drafted_details":null,"charges_automati'
    b'cally":false,"from_invoice_id":null,"latest_revision_id":null,"deleted":false,"seen":{}},"revisions":{},'
    b'"payment_intents":{"pi_":{"id":"pi_","as_of":17,"status":"succeeded","amount":,"currency":"usd","latest_'
    b'charge_id":"ch_","failure":null,"failed_charge_id":null,"failed_method":null,"seen":{}}},"charges":{"ch_'
    b'":{"id":"ch_","as_of":17,"status":"succeeded","amount":,"currency":"usd","created":17,"payment_intent_id'
    b'":"pi_","failure":null,"method":"card","brand":"visa","last4":"4242","expires":"2034-12","receipt_url":"'
    b'https://pay.stripe.com/receipts/invoices/CAcaFwoVYWNjdF8x?s=ap","seen":{}}},"refunds":{},"disputes":{},"'
    b'payments":{"inpay_":{"id":"inpay_","as_of":17,"status":"paid","stripe_invoice_id":"in_","amount_paid":,"'
    b'currency":"usd","payment_intent_id":"pi_"}},"credit_notes":{},"attempts":{},"attempt_failed_at":0,"mails'
    b'":[]},"actions":[{"at":17,"kind":"created","actor":"","reason":null,"stripe_id":null,"amount":null},{"at'
    b'":17,"kind":"sent_by_pom","actor":"","reason":null,"stripe_id":"in_","amount":null}],"refund_orders":[],'
    b'"sent_at":17,"stripe_customer_id":"cus_","stripe_invoice_id":"in_","terms_due_at":17,"former_terms_due_a'
    b't":null,"details_as_made":{"description":null,"footer":null,"payment_method_types":[],"custom_fields":[]'
    b'},"overdue_since":null,"outside_payment":null,"intended":[],"reminder_asked_at":null,"reminded_at":null,'
    b'"links_read_at":0,"version":8,"payments_listed":true,"counted":[[["usd","status","paid"],[1,,0]],[["usd"'
    b',"paid","2027-01-19"],[1,,0]]]}'
)

_2026_11_29 = (
    b'America/New_YorkAmerica/ChicagoAmerica/DenverAmerica/Los_Angelesdue_on_receiptnet_15us_bank_account"mast'
    b'ercard""amex""discover""expires":"2028-"expires":"2027-yahoo.comoutlook.comhotmail.comicloud.comcleaning'
    b'Weekly pool @gmail.com"authorizing_until":0,"account":{"as_of":17,"businessharges_enabled":true,"details'
    b'_submitted":true,"default_ountry":"US","requirements":[],"payment_capabilities":{"card_payments":"active'
    b'","transfers":"active","us_bank_account_ach_payments":"active"}payouts_enabled":true,"support_email":nul'
    b'l,"support_phone":null},"sweep":{"swept_until":17,"objects_swept_at":0,"objects_due":false,"objects_befo'
    b're":null,"recovered":0,"missed_at":0,"missed_found_at":0,"early_at":0,"latest":null,"catching_up":false,'
    b'"caught_up":null,"due_at":0,"happened_at":17,"expecting":false,"payouts_due":false,"payouts_swept_at":0,'
    b'"fees_before":null},"testfresh_asked_at":0,"frozen","profile":{"first_name":"","last_name":"","company_n'
    b'ame":null,"email":"","phone":null,"address":{"street":null,"street2":null,"city":null,"state":null,"zip_'
    b'code":null,"country":null}},"edition":1sync_status":"pending","sync_error":null,"sync":null,"chosen_as_o'
    b'f":0,"key_version":1,"claim":null,"search_spellings":false,"unlinked_emails":[],"candidates":[],"history'
    b'":[],"from_stripe":[],"choice_refusormer_stripe_ids":[],"offered_by_choice":null}"succeeded":17}}"proces'
    b'sing":17{"reason":"insufficient_funds"}{"reason":"insufficient_funds"}failed"],[1,,]]]}{"id":"du_","kind'
    b'":"dispute","status":"needs_response","at":17reason":"fraudulent"}{"id":"re_","kind":"refund"kind":"paym'
    b'ent"ending","at":17_id":"py_","other_charges":[],"brand":null,"last4":nullending"],[1,,]]]}{"organizatio'
    b'n_id":"","id":"inv_","stripe_account_id":"acct_1","livemode":true,"order":{"customer_id":"","currency":"'
    b'usd","line_items":[{"service_id":"","description":"","quantity":"1","unit_price":,"amount":,"taxable":fa'
    b'lse,"service_date":null}],"payment_terms":"net_30","days_until_due":30,"due_date":null,"time_zone":"Amer'
    b'ica/Phoenix","fingerprint":"","tax":0,"memo":null,"footer":null,"payment_methods":[],"deductions":[]},"s'
    b'aga":{"step":"done","send":true,"nonce":"","step_began_at":17,"generation":0,"look_first":false,"resume_'
    b'at":null,"attempts":0,"refusal":null,"interrupted":false,"finalized_before":false},"created_at":17,"crea'
    b'ted_by":"","updated_at":17,"facts":{"invoice":{"id":"in_","as_of":17,"status":"paid","total":,"amount_pa'
    b'id":,"amount_remaining":0,"currency":"usd","number":"-0007","due_at":17,"hosted_url":"https://invoice.st'
    b'ripe.com/i/acct_1/live_YWNjdF8x?s=ap","pdf_url":"https://pay.stripe.com/invoice/acct_1/live_YWNjdF8x/pdf'
    b'?s=ap","finalized_at":17,"paid_at":17,"voided_at":null,"marked_uncollectible_at":null,"amount_paid_off_s'
    b'tripe":0,"amount_overpaid":0,"amount_due":,"starting_balance":0,"ending_balance":0,"discount_amount":0,"'
    b'pre_payment_credit_notes_amount":0,"post_payment_credit_notes_amount":0,"customer_email":"","drafted_for'
    b'":null,"drafted_lines":null,"drafted_details":null,"charges_automatically":false,"from_invoice_id":null,'
    b'"latest_revision_id":null,"deleted":false,"seen":{}},"revisions":{},"payment_intents":{"pi_":{"id":"pi_"'
    b',"as_of":17,"status":"succeeded","amount":,"currency":"usd","latest_charge_id":"ch_","failure":null,"fai'
    b'led_charge_id":null,"failed_method":null,"seen":{}}},"charges":{"ch_":{"id":"ch_","as_of":17,"status":"s'
    b'ucceeded","amount":,"currency":"usd","created":17,"payment_intent_id":"pi_","failure":null,"method":"car'
    b'd","brand":"visa","last4":"4242","expires":"2034-12","receipt_url":"https://pay.stripe.com/receipts/invo'
    b'ices/CAcaFwoVYWNjdF8x?s=ap","seen":{}}},"refunds":{},"disputes":{},"payments":{"inpay_":{"id":"inpay_","'
    b'as_of":17,"status":"paid","stripe_invoice_id":"in_","amount_paid":,"currency":"usd","payment_intent_id":'
    b'"pi_"}},"credit_notes":{},"attempts":{},"attempt_failed_at":0,"mails":[]},"actions":[{"at":17,"kind":"cr'
    b'eated","actor":"","reason":null,"stripe_id":null,"amount":null},{"at":17,"kind":"sent_by_pom","actor":""'
    b',"reason":null,"stripe_id":"in_","amount":null}],"refund_orders":[],"sent_at":17,"stripe_customer_id":"c'
    b'us_","stripe_invoice_id":"in_","terms_due_at":17,"former_terms_due_at":null,"details_as_made":{"descript'
    b'ion":null,"footer":null,"payment_method_types":[],"custom_fields":[]},"edit":null,"overdue_since":null,"'
    b'outside_payment":null,"intended":[],"reminder_asked_at":null,"reminded_at":null,"links_read_at":0,"corre'
    b'cts":null,"version":8,"payments_listed":true,"counted":[[["usd","status","paid"],[1,,0]],[["usd","paid",'
    b'"2027-01-19"],[1,,0]]]}'
)
"""This dictionary includes deductions, service dates, edits of drafts and corrections."""

DICTIONARIES = (_2026_11, _2026_11_29)
BY_CHECKSUM: Mapping[int, bytes] = {zlib.adler32(each): each for each in DICTIONARIES}
