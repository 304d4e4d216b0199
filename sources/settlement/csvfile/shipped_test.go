package csvfile

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"parallax/internal/lab/cardfile"
	"parallax/internal/money"
	"parallax/internal/record"
	"parallax/sources/settlement/csvfile/csvtest"
	"parallax/sources/settlement/decode/decodetest"
)

func TestShippedAreValid(t *testing.T) {
	for name, p := range Shipped() {
		if err := p.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, value := range p.Reversals {
			if p.Types[value] == "" {
				t.Errorf("%s: %s undoes nothing", name, value)
			}
		}
	}
}

const stripeHeader = "balance_transaction_id,source_id,payment_intent_id,charge_id,created,available_on,automatic_payout_effective_at,currency,gross,fee,net,reporting_category," +
	"description,automatic_payout_id,customer_facing_amount,customer_facing_currency,payment_metadata[order_id]\n"

func TestStripe(t *testing.T) {
	text := stripeHeader +
		"txn_1,ch_1,pi_1,ch_1,2026-11-18 10:11:12,2026-11-19 00:00:00,2026-11-20 00:00:00,usd,25.00,0.95,24.05,charge,,po_1,20.00,eur,o1\n" +
		"txn_2,re_1,pi_1,ch_1,2026-11-18 12:30:00,,2026-11-20 00:00:00,usd,-10.00,0.00,-10.00,refund,,po_1,-8.00,eur,o1\n" +
		"txn_3,,,,2026-11-18 12:30:00,,2026-11-20 00:00:00,usd,-0.50,0.00,-0.50,fee,Radar: Standard,po_1,,,\n" +
		"txn_4,du_1,pi_2,ch_2,2026-11-18 12:30:00,,2026-11-20 00:00:00,usd,3.35,0.00,3.35,dispute_reversal,,po_1,3.35,usd,\n" +
		"txn_5,po_1,,,2026-11-20 00:00:00,,2026-11-20 00:00:00,usd,-16.90,0.00,-16.90,payout,STRIPE PAYOUT,po_1,,,\n" +
		"txn_6,po_0,,,2026-11-20 00:00:00,,2026-11-20 00:00:00,jpy,1690,0,1690,payout_reversal,,po_1,,,\n"
	p := Shipped()["stripe"].With(Profile{Columns: map[string]string{"payment_id": "payment_metadata[order_id]"}})
	lines, s, err := decodeText(text, p)
	if err != nil || s.Rejected != 0 || len(lines) != 6 {
		t.Fatalf("%+v, %v", s, err)
	}
	usd := func(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "USD"} }
	want := record.SettlementLine{
		Feed: "visa", File: "v.csv", Record: 2, Type: record.Presentment, PaymentID: "o1", Reference: "ch_1", Batch: "po_1", Code: "charge",
		Amount: eur(2000), Settlement: usd(2500), Net: usd(2405), Fee: usd(95), TransactionAt: time.Date(2026, 11, 18, 10, 11, 12, 0, time.UTC), BusinessDate: "2026-11-20",
	}
	if !reflect.DeepEqual(lines[0], want) {
		t.Errorf("got  %+v\nwant %+v", lines[0], want)
	}
	for i, want := range []string{
		"presentment ch_1  EUR 2000 net USD 2405", "refund re_1 ch_1 EUR -800 net USD -1000", "fee txn_3  USD -50 net USD -50",
		"representment du_1 ch_2 USD 335 net USD 335", "payout po_1  USD 1690 net  0", "payout po_0  JPY -1690 net  0",
	} {
		l := lines[i]
		if got := fmt.Sprintf("%s %s %s %s %d net %s %d", l.Type, l.Reference, l.Original, l.Amount.Currency, l.Amount.Minor, l.Net.Currency, l.Net.Minor); got != want {
			t.Errorf("line %d: %s, want %s", i, got, want)
		}
	}
	if s.Totals["computed net USD"] != "1690" || !lines[5].Reversal || lines[2].Note != "Radar: Standard" {
		t.Errorf("%v, %+v", s.Totals, lines)
	}
	_, s, err = decodeText(strings.Replace(text, "24.05", "24.06", 1), p)
	if err != nil || s.Rejected != 1 || s.Rejects[0].Field != "net" {
		t.Errorf("a net that is wrong by a cent: %+v, %v", s, err)
	}
	_, s, err = decodeText(strings.Replace(text, "refund", "refunds", 1), p)
	if err != nil || s.Rejected != 1 || s.Rejects[0].Field != "reporting_category" {
		t.Errorf("an unknown category: %+v, %v", s, err)
	}
}

// TestStripeFewColumns: which columns a report has is up to who requests it.
func TestStripeFewColumns(t *testing.T) {
	lines, _, err := decodeText("source_id,created_utc,currency,gross,fee,net,reporting_category\nch_1,2026-11-18 10:11:12,eur,25.00,0.95,24.05,charge\n", Shipped()["stripe"])
	if err != nil || len(lines) != 1 || lines[0].Amount != eur(2500) || lines[0].Net != eur(2405) {
		t.Errorf("%+v, %v", lines, err)
	}
}

func TestCheckout(t *testing.T) {
	text := "Type,Payment ID,Reference,Processed On,Available On,Holding Currency,Payout ID,Gross In Holding Currency,Deduction In Holding Currency,Net In Holding Currency," +
		"Processing Fee In Holding Currency,Scheme Fee In Holding Currency,Interchange In Holding Currency,Tax In Holding Currency,Reserve In Holding Currency," +
		"Processing Currency,Gross In Processing Currency,FX Rate Applied,Payment Method\n" +
		"Charge,pay_1,o1,2026-11-18T10:00:00.000,2026-11-20T00:00:00.000,EUR,P1,46.255,-1.505,44.75,-0.905,-0.6,0,0,0,USD,50,0.9251,VISA\n" +
		"Refund,pay_1,o1,2026-11-18T10:00:00.000,2026-11-20T00:00:00.000,EUR,P1,-10,-0.1,-10.1,-0.1,0,0,0,0,EUR,-10,1,VISA\n" +
		"Charge,pay_2,o2,2026-11-18T10:00:00.000,2026-11-20T00:00:00.000,EUR,P1,0,-0.25,-0.25,-0.1,-0.05,-0.1,0,0,EUR,0,1,VISA\n" +
		"Network Token Update,pay_3,,2026-11-18T10:00:00.000,2026-11-20T00:00:00.000,EUR,P1,0,-0.1,-0.1,-0.1,0,0,0,0,,0,,VISA\n" +
		"Merchant Payout,,,2026-11-20T00:00:00.000,2026-11-20T00:00:00.000,EUR,P1,0,-2,-2,0,0,0,0,0,EUR,0,1,\n" +
		"Mystery,pay_4,,2026-11-18T10:00:00.000,,EUR,P1,1,0,1,0,0,0,0,0,EUR,1,1,\n"
	lines, s, err := decodeText(text, Shipped()["checkout"])
	if err != nil || len(lines) != 5 || s.Rejected != 1 || s.Rejects[0].Field != "Type" {
		t.Fatalf("%+v, %v", s, err)
	}
	for i, want := range []string{
		"presentment pay_1 USD 5000 settled EUR 4626 net 4475 fee 151 [{processing {91 EUR}} {scheme {60 EUR}}]",
		"refund pay_1 EUR -1000 settled EUR -1000 net -1010 fee 10 [{processing {10 EUR}}]",
		"fee pay_2 EUR -25 settled  0 net -25 fee 0 []", "fee pay_3 EUR -10 settled  0 net -10 fee 0 []", "fee P1 EUR -200 settled  0 net -200 fee 0 []",
	} {
		l := lines[i]
		fees := append([]record.LineFee(nil), l.Fees...)
		for j := len(fees) - 1; j > 0; j-- {
			if fees[j].Kind < fees[j-1].Kind {
				fees[j], fees[j-1] = fees[j-1], fees[j]
			}
		}
		got := fmt.Sprintf("%s %s %s %d settled %s %d net %d fee %d %v", l.Type, l.Reference, l.Amount.Currency, l.Amount.Minor, l.Settlement.Currency, l.Settlement.Minor, l.Net.Minor, l.Fee.Minor, fees)
		if got != want {
			t.Errorf("line %d:\n got %s\nwant %s", i, got, want)
		}
	}
	if lines[0].Batch != "P1" || lines[0].BusinessDate != "2026-11-20" || lines[0].Rate != "0.9251" {
		t.Errorf("%+v", lines[0])
	}
}

func TestCheckoutFinancialActions(t *testing.T) {
	text := "Payment ID,Reference,Action Type,Breakdown Type,Action ID,Processed On,Processing Currency,Processing Currency Amount,Holding Currency,Holding Currency Amount,Payout ID\n" +
		"pay_1,o1,Capture,Capture,act_1,2026-11-18T10:00:00.000,USD,50,EUR,46.25,P1\n" +
		"pay_1,o1,Capture,Scheme Variable Fee,act_1,2026-11-18T10:00:00.000,USD,-0.12345,EUR,-0.11420,P1\n" +
		",,Payout,Payout,act_2,2026-11-20T10:00:00.000,EUR,-46.14,EUR,-46.14,P1\n" +
		"pay_1,o1,Capture,Capture,act_3,2026-11-18T10:00:00.000,USD,50.001,EUR,46.25,P1\n"
	lines, s, err := decodeText(text, Shipped()["checkout-financial-actions"])
	if err != nil || len(lines) != 3 || s.Rejected != 1 || s.Rejects[0].Field != "Processing Currency Amount" {
		t.Fatalf("%+v, %v", s, err)
	}
	if l := lines[1]; l.Type != record.Fee || l.Amount.Minor != -12 || l.Settlement.Minor != -11 || l.Reference != "pay_1" {
		t.Errorf("fee %+v", l)
	}
	if l := lines[2]; l.Type != record.Payout || l.Amount != eur(4614) || l.Reference != "act_2" || l.Batch != "P1" {
		t.Errorf("payout %+v", l)
	}
}

func TestShippedFor(t *testing.T) {
	var checkout bytes.Buffer
	if err := cardfile.WriteCheckout(&checkout, cardfile.CheckoutFile{}); err != nil {
		t.Fatal(err)
	}
	for header, want := range map[string]string{
		strings.TrimSpace(stripeHeader): "stripe", strings.TrimSpace(checkout.String()): "checkout", strings.TrimSpace(csvtest.Header): "",
		"Payment ID,Breakdown Type,Action ID,Requested On,Processing Currency,Processing Currency Amount,Holding Currency,Holding Currency Amount,Payout ID": "checkout-financial-actions",
	} {
		if got := ShippedFor(strings.Split(header, ",")); got != want {
			t.Errorf("%q, want %q: %s", got, want, header)
		}
	}
}

func shippedLines() []cardfile.Line {
	at, booked := time.Date(2026, 11, 18, 14, 7, 0, 0, time.UTC), time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	lines := []cardfile.Line{
		{Reference: "ch_1", PaymentID: "o1", Minor: 1000, Currency: "EUR", Costs: cardfile.Costs{Markup: 3, Scheme: 2, Interchange: 5}, Batch: "po_1"},
		{Reference: "ch_2", PaymentID: "o2", Minor: 1000, Currency: "JPY", Settled: 610, SettledCurrency: "EUR", Rate: "0.0061", Costs: cardfile.Costs{Commission: 10}, Batch: "po_1"},
		{Kind: cardfile.Refund, Reference: "re_1", Original: "ch_1", PaymentID: "o1", Minor: 400, Currency: "EUR", Batch: "po_1"},
		{Kind: cardfile.Chargeback, Reference: "du_1", Original: "ch_1", PaymentID: "o1", Minor: 600, Currency: "EUR", Costs: cardfile.Costs{Commission: 20}, Batch: "po_1"},
		{Kind: cardfile.FeeCharged, Reference: "fee_1", Minor: 30, Currency: "EUR", Batch: "po_1"},
	}
	for i := range lines {
		lines[i].At, lines[i].Booked = at, booked
	}
	return lines
}

func TestLabFiles(t *testing.T) {
	lines := shippedLines()
	var stripe, checkout, off bytes.Buffer
	if err := cardfile.WriteCheckout(&checkout, cardfile.CheckoutFile{Lines: lines}); err != nil {
		t.Fatal(err)
	}
	lines = append(lines, cardfile.Line{Kind: cardfile.Payout, Reference: "po_1", Minor: 540, Currency: "EUR", Batch: "po_1", At: lines[0].At, Booked: lines[0].Booked})
	if err := cardfile.WriteStripe(&stripe, cardfile.StripeFile{Lines: lines}); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"stripe": stripe.Bytes(), "checkout": checkout.Bytes()} {
		read, err := New(Shipped()[name])
		if err != nil {
			t.Fatal(err)
		}
		got, s, err := decodetest.All(read, data, "f.csv", name)
		if err != nil || s.Rejected > 0 || s.Totals["computed net EUR"] != "540" {
			t.Errorf("%s: %+v, %v", name, s, err)
			continue
		}
		for i, l := range got[:5] {
			if want := []int64{1000, 1000, -400, -600, -30}[i]; l.Amount.Minor != want || l.Batch != "po_1" || l.BusinessDate != "2026-11-20" {
				t.Errorf("%s: %+v", name, l)
			}
		}
	}
	if err := cardfile.WriteStripe(&off, cardfile.StripeFile{Lines: lines, NetOff: 1}); err != nil {
		t.Fatal(err)
	}
	if _, s, err := decodeText(off.String(), Shipped()["stripe"]); err != nil || s.Rejected != 1 || s.Rejects[0].Line != 2 {
		t.Errorf("a net that is wrong by a cent: %+v, %v", s, err)
	}
}
