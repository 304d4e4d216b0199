package csvfile

import (
	"maps"
	"slices"

	"parallax/sources/settlement/rows"
)

// Shipped are the profiles of files that many have, by the names the configuration uses. A profile can be changed with With.
func Shipped() map[string]Profile {
	return map[string]Profile{
		"stripe": stripe(), "checkout": checkoutBreakdown(), "checkout-financial-actions": checkoutActions(),
	}
}

// ShippedFor is the name of the shipped profile whose columns a header has; "" if it is none's.
func ShippedFor(header []string) string {
	h, profiles := rows.NewHeader(header), Shipped()
	for _, name := range slices.Sorted(maps.Keys(profiles)) {
		if profiles[name].fits(h) {
			return name
		}
	}
	return ""
}

// fits reports whether a header has all columns that the profile cannot do without.
func (p Profile) fits(h rows.Header) bool {
	for field, column := range p.Columns {
		names := append([]string{column}, p.Names[field]...)
		if !slices.Contains(p.Optional, field) && !slices.ContainsFunc(names, func(name string) bool { _, err := h.Find(name); return err == nil }) {
			return false
		}
	}
	for _, column := range p.Fees {
		if _, err := h.Find(column); err != nil {
			return false
		}
	}
	return true
}

// stripe describes Stripe's itemized payout reconciliation and balance change reports: payout_reconciliation.itemized.5,
// balance_change_from_activity.itemized.3 and their relatives. Which columns a report has is up to who requests it.
//
// A line's reference is the charge, refund or dispute it is about, its original the charge. The merchant's own reference is
// in the metadata: set payment_id to a column such as payment_metadata[order_id].
//
// Source: https://docs.stripe.com/reports/report-types/payout-reconciliation and, for the categories,
// https://docs.stripe.com/reports/reporting-categories.
func stripe() Profile {
	return Profile{
		Columns: map[string]string{
			"reference": "source_id", "row_id": "balance_transaction_id", "original": "charge_id", "payment_id": "payment_intent_id",
			"type": "reporting_category", "code": "reporting_category", "batch": "automatic_payout_id", "note": "description",
			"amount": "customer_facing_amount", "currency": "customer_facing_currency", "settlement_amount": "gross", "settlement_currency": "currency",
			"fee": "fee", "fee_currency": "currency", "net": "net", "transaction_time": "created_utc", "business_date": "automatic_payout_effective_at_utc",
		},
		Names: map[string][]string{
			"transaction_time": {"created"}, "batch": {"payout_id"},
			"business_date": {"automatic_payout_effective_at", "payout_expected_arrival_date", "available_on_utc", "available_on"},
		},
		Optional: []string{"row_id", "original", "payment_id", "batch", "note", "amount", "currency", "business_date"},
		Types: map[string]string{
			"charge": "presentment", "charge_failure": "presentment", "partial_capture_reversal": "presentment",
			"refund": "refund", "refund_failure": "refund", "dispute": "chargeback", "dispute_reversal": "representment",
			"fee": "fee", "network_cost": "fee", "tax": "fee", "other_adjustment": "adjustment", "payout": "payout", "payout_reversal": "payout",
			"connect_reserved_funds": "reserve", "risk_reserved_funds": "reserve", "payment_network_reserved_funds": "reserve", "minimum_balance_hold": "reserve",
			"transfer": "other", "transfer_reversal": "other", "connect_collection_transfer": "other", "topup": "other", "topup_reversal": "other",
			"platform_earning": "other", "platform_earning_refund": "other", "contribution": "other", "currency_conversion": "other",
			"unreconciled_customer_funds": "other", "advance": "other", "advance_funding": "other", "anticipation_repayment": "other",
			"obligation": "other", "issuing_*": "other", "financing_*": "other", "climate_order_*": "other",
		},
		Reversals: []string{"charge_failure", "partial_capture_reversal", "refund_failure", "payout_reversal"},
		Signs:     "balance",
		Foots:     true,
	}
}

// checkoutBreakdown describes Checkout.com's Settlement breakdown report: a row per payment with its fees, in the currency
// that is held and the one that was processed. Fees have more decimals than the currency.
//
// Source: https://www.checkout.com/docs/funds-management/retrieve-financial-reports/settlement-reports/settlement-breakdown-report.
func checkoutBreakdown() Profile {
	return Profile{
		Columns: map[string]string{
			"reference": "Payment ID", "payment_id": "Reference", "row_id": "Payout ID", "type": "Type", "code": "Type", "batch": "Payout ID",
			"amount": "Gross In Processing Currency", "currency": "Processing Currency",
			"settlement_amount": "Gross In Holding Currency", "settlement_currency": "Holding Currency", "net": "Net In Holding Currency",
			"fee_currency": "Holding Currency", "rate": "FX Rate Applied", "transaction_time": "Processed On", "business_date": "Available On",
		},
		Optional: []string{"rate", "business_date"},
		Fees: map[string]string{
			"processing": "Processing Fee In Holding Currency", "scheme": "Scheme Fee In Holding Currency",
			"interchange": "Interchange In Holding Currency", "tax": "Tax In Holding Currency",
		},
		Types: map[string]string{
			"charge": "presentment", "capture": "presentment", "payment": "presentment", "refund": "refund", "chargeback": "chargeback",
			"chargeback reversal": "representment", "chargeback reversed": "representment", "payout": "payout", "merchant payout": "payout", "void": "fee",
			"authorization": "fee", "network token *": "fee", "account updater": "fee", "* fee": "fee", "* fees": "fee", "adjustment": "adjustment",
			"rolling reserve*": "reserve", "collateral*": "reserve", "top up": "other",
		},
		Signs: "balance", FeeSigns: "balance", Round: []string{"settlement_amount", "net", "fees"},
	}
}

// checkoutActions describes Checkout.com's Financial actions report: a row per movement, fees in rows of their own.
//
// Source: https://www.checkout.com/docs/funds-management/retrieve-financial-reports/settlement-reports/financial-actions-by-payout-id-report
// and https://www.checkout.com/docs/funds-management/reconcile-with-checkout-com/breakdown-types.
func checkoutActions() Profile {
	return Profile{
		Columns: map[string]string{
			"reference": "Payment ID", "row_id": "Action ID", "payment_id": "Reference", "type": "Breakdown Type", "code": "Breakdown Type", "batch": "Payout ID",
			"amount": "Processing Currency Amount", "currency": "Processing Currency",
			"settlement_amount": "Holding Currency Amount", "settlement_currency": "Holding Currency",
			"rate": "FX Rate Applied", "transaction_time": "Processed On", "business_date": "Available On",
		},
		Names:    map[string][]string{"payment_id": {"Payment Reference"}, "transaction_time": {"Requested On"}},
		Optional: []string{"payment_id", "rate", "business_date"},
		Types: map[string]string{
			"capture": "presentment", "partial capture": "presentment", "charge": "presentment", "refund": "refund", "partial refund": "refund",
			"chargeback": "chargeback", "chargeback reversal": "representment", "chargeback reversed": "representment", "payout": "payout",
			"* fee": "fee", "* tax": "fee", "interchange": "fee", "adjustment": "adjustment", "cover negative position": "adjustment",
			"invoice settlement": "adjustment", "rolling reserve*": "reserve", "collateral*": "reserve", "operational funding *": "other", "top up": "other",
		},
		Signs: "balance", Round: []string{"amount", "settlement_amount"},
	}
}
