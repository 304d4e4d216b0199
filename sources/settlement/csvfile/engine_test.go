package csvfile

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"parallax/internal/money"
	"parallax/internal/record"
	"parallax/sources/settlement/decode"
)

func eur(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "EUR"} }

// wide is a profile that maps most fields, on a file as Europe writes them.
func wide() Profile {
	return Profile{
		Columns: map[string]string{
			"reference": "ref", "row_id": "id", "original": "orig", "payment_id": "order", "type": "type", "code": "type", "batch": "batch", "note": "text",
			"debit": "debit", "credit": "credit", "currency": "ccy", "net_debit": "net debit", "net_credit": "net credit", "rate": "rate", "part": "part", "parts": "of",
			"transaction_time": "time", "business_date": "day", "value_date": "value",
		},
		Fees: map[string]string{"interchange": "ic", "scheme": "sf"}, Types: map[string]string{"sale": "presentment", "undo": "presentment", "* cost": "fee", "refund": "refund"},
		Reversals: []string{"undo"}, Skip: map[string]string{"authorisation": "no money moved", "info *": "a remark"},
		Signs: "balance", Foots: true, Delimiter: ";", Decimal: ",", Thousands: ".", Dates: []string{"DD.MM.YYYY", "DD.MM.YYYY hh:mm:ss"}, Zone: "Europe/Paris",
	}
}

const (
	wideHeader = "ref;id;orig;order;type;batch;text;debit;credit;ccy;net debit;net credit;rate;part;of;time;day;value;ic;sf\n"
	wideSale   = "R1;1;;O1;Sale;B7;hello;;1.234,50;eur;;1.230,00;1,2;1;2;18.11.2026 14:07:00;19.11.2026;20.11.2026;4,00;0,50\n"
	wideRefund = "R2;2;R1;O1;refund;B7;;10,00;;EUR;10,00;;;;;2026-11-18T14:07:00Z;2026-11-19;;;\n"
)

func TestWideProfile(t *testing.T) {
	text := wideHeader + strings.Replace(wideSale, "1,2;1;2", "1.2;1;2", 1) + wideRefund + "X;;;;authorisation;;;;;;;;;;;;;;;\nX;;;;Info 7;;;;5,00;EUR;;;;;;;;;;\n"
	lines, s, err := decodeText(text, wide())
	if err != nil || len(lines) != 2 || s.Rejected != 0 || s.Admin != 2 || s.Records != 5 {
		t.Fatalf("%+v, %v", s, err)
	}
	want := []record.SettlementLine{
		{
			Feed: "visa", File: "v.csv", Record: 2, Type: record.Presentment, PaymentID: "O1", Reference: "R1", Part: 1, Parts: 2, Batch: "B7", Code: "Sale", Note: "hello",
			Amount: eur(123450), Net: eur(123000), Fee: eur(450), Rate: "1.2",
			Fees:          []record.LineFee{{Kind: record.Interchange, Amount: eur(400)}, {Kind: record.SchemeFee, Amount: eur(50)}},
			TransactionAt: time.Date(2026, 11, 18, 13, 7, 0, 0, time.UTC), BusinessDate: "2026-11-19", ValueDate: "2026-11-20",
		},
		{
			Feed: "visa", File: "v.csv", Record: 3, Type: record.Refund, PaymentID: "O1", Reference: "R2", Original: "R1", Batch: "B7", Code: "refund",
			Amount: eur(-1000), Net: eur(-1000), TransactionAt: time.Date(2026, 11, 18, 14, 7, 0, 0, time.UTC), BusinessDate: "2026-11-19",
		},
	}
	if !reflect.DeepEqual(lines, want) {
		t.Errorf("got  %+v\nwant %+v", lines, want)
	}
	totals := map[string]string{"computed EUR": "122450", "computed net EUR": "122000", "skipped: no money moved": "1", "skipped: a remark": "1"}
	if !reflect.DeepEqual(s.Totals, totals) {
		t.Errorf("totals %v", s.Totals)
	}
}

func TestWideRejects(t *testing.T) {
	sale := strings.Replace(wideSale, "1,2;1;2", "1.2;1;2", 1)
	for name, tc := range map[string]struct{ row, field, reason string }{
		"both":       {strings.Replace(sale, ";;1.234,50", ";1,00;1.234,50", 1), "credit", "is filled beside debit"},
		"neither":    {strings.Replace(sale, "1.234,50", "", 1), "credit", "is empty, and so is debit"},
		"negative":   {strings.Replace(sale, "1.234,50", "-1,00", 1), "credit", "is negative, but debit and credit stand in columns of their own"},
		"groups":     {strings.Replace(sale, "1.234,50", "1.23,50", 1), "credit", "is not an amount with thousands parted in groups of three digits"},
		"English":    {strings.Replace(sale, "1.234,50", "1,234.50", 1), "credit", "is not an amount with thousands and decimals parted as the profile says"},
		"net":        {strings.Replace(sale, "1.230,00", "1.230,01", 1), "net credit", "does not foot: gross less fees is another amount"},
		"rate":       {strings.Replace(sale, "1.2;", "a;", 1), "rate", "is not an exchange rate such as 1.0656568"},
		"part":       {strings.Replace(sale, "1.2;1;", "1.2;-1;", 1), "part", "is not a whole number up to 65535"},
		"date":       {strings.Replace(sale, "19.11.2026", "11/19/2026", 1), "day", "is not a date such as 2026-11-18"},
		"fee":        {strings.Replace(sale, "4,00", "4,001", 1), "ic", "is not an amount with at most 2 decimals"},
		"note":       {strings.Replace(sale, "hello", "\xff", 1), "text", "is not UTF-8 text"},
		"not a type": {strings.Replace(sale, "Sale", "cost", 1), "type", "is a type the profile does not know"},
	} {
		lines, s, err := decodeText(wideHeader+tc.row, wide())
		if err != nil || len(lines) != 0 || s.Rejected != 1 || s.Rejects[0] != (decode.Reject{Line: 2, Field: tc.field, Reason: tc.reason}) {
			t.Errorf("%s: %+v, %v", name, s.Rejects, err)
		}
	}
}

func TestReversalsAndFees(t *testing.T) {
	undo := strings.Replace(wideRefund, "refund", "undo", 1)
	cost := strings.Replace(wideRefund, "refund", "Monthly cost", 1)
	lines, s, err := decodeText(wideHeader+undo+cost, wide())
	if err != nil || len(lines) != 2 || lines[0].Type != record.Presentment || !lines[0].Reversal || lines[1].Type != record.Fee || lines[1].Amount != eur(-1000) {
		t.Errorf("%+v, %+v, %v", lines, s, err)
	}
}

func TestMinorExponents(t *testing.T) {
	p := testProfile()
	p.Scale, p.Trailer, p.Exponents = "minor", Trailer{}, map[string]int{"*": 2, "HUF": 0}
	delete(p.Columns, "fee")
	for _, tc := range []struct {
		amount, currency string
		want             int64 // 0: rejected
	}{
		{"1250", "EUR", 1250}, {"10000", "JPY", 100}, {"10001", "JPY", 0}, {"5", "HUF", 500}, {"125", "KWD", 1250}, {"9223372036854775807", "KWD", 0}, {"1.5", "EUR", 0},
	} {
		lines, _, err := decodeText("payment_reference,rrn,auth_code,type,amount,currency,fee,card,transaction_time,business_date\nV1,,,capture,"+tc.amount+","+tc.currency+",,,,\n", p)
		if err != nil || len(lines) == 0 != (tc.want == 0) || tc.want != 0 && lines[0].Amount.Minor != tc.want {
			t.Errorf("%s %s: %+v, %v", tc.amount, tc.currency, lines, err)
		}
	}
}

func TestRounded(t *testing.T) {
	n := newNumbers(Profile{})
	for text, want := range map[string]int64{"0.125": 13, "-0.125": -13, "0.1249": 12, "-0.004": 0, "-0.005": -1, "3": 300, "1.999": 200} {
		if a, err := n.parse(text, "EUR", 2, true); err != nil || a.Minor != want {
			t.Errorf("%s became %d, %v", text, a.Minor, err)
		}
	}
	for _, text := range []string{"0.12x", "0.1234x", "", "1e3", "92233720368547758.079", "0.1-5"} {
		if a, err := n.parse(text, "EUR", 2, true); err == nil {
			t.Errorf("%q became %d", text, a.Minor)
		}
	}
	if a, err := n.parse("12.5", "JPY", 0, true); err != nil || a.Minor != 13 {
		t.Errorf("yen: %d, %v", a.Minor, err)
	}
}

func TestOtherNamesAndOptional(t *testing.T) {
	p := testProfile()
	p.Trailer = Trailer{}
	p.Names, p.Optional = map[string][]string{"rrn": {"retrieval", "rr"}}, []string{"fee", "card"}
	lines, _, err := decodeText("rr,payment_reference,auth_code,type,amount,currency,transaction_time,business_date\n7,V1,A,capture,1.00,EUR,,\n", p)
	if err != nil || len(lines) != 1 || lines[0].RRN != "7" {
		t.Errorf("%+v, %v", lines, err)
	}
	_, _, err = decodeText("rr,rr,payment_reference,auth_code,type,amount,currency,transaction_time,business_date\n", p)
	if err == nil || !strings.Contains(err.Error(), "in the header twice") {
		t.Errorf("twice: %v", err)
	}
}

func TestWith(t *testing.T) {
	base := Profile{
		Columns: map[string]string{"reference": "a", "amount": "b", "currency": "c", "note": "n"}, Names: map[string][]string{"reference": {"x"}},
		Optional: []string{"note", "reference"}, Types: map[string]string{"sale": "presentment", "x": "other"}, Scale: "decimal", Dates: []string{"DD.MM.YYYY"},
	}
	got := base.With(Profile{
		Columns: map[string]string{"reference": "r", "note": ""}, Types: map[string]string{"x": "", "y": "fee"}, Scale: "minor", Foots: true,
		Dates: []string{"MM/DD/YYYY"}, Exponents: map[string]int{"HUF": 0}, Trailer: Trailer{Column: "a", Value: "T"}, Skip: map[string]string{"z": "why"},
	})
	want := Profile{
		Columns: map[string]string{"reference": "r", "amount": "b", "currency": "c"}, Names: map[string][]string{}, Optional: []string{},
		Types: map[string]string{"sale": "presentment", "y": "fee"}, Scale: "minor", Foots: true, Dates: []string{"MM/DD/YYYY", "DD.MM.YYYY"},
		Exponents: map[string]int{"HUF": 0}, Trailer: Trailer{Column: "a", Value: "T"}, Skip: map[string]string{"z": "why"}, Reversals: got.Reversals, Round: got.Round,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if base.Columns["reference"] != "a" || base.Types["x"] != "other" || len(base.Optional) != 2 {
		t.Errorf("the profile itself changed: %+v", base)
	}
}

func TestValidateNew(t *testing.T) {
	for want, change := range map[string]func(*Profile){
		"debit and credit belong together":                                func(p *Profile) { delete(p.Columns, "credit") },
		"amount stands beside debit and credit: one or the others":        func(p *Profile) { p.Columns["amount"] = "a" },
		"unknown kind of fee \"bribe\"":                                   func(p *Profile) { p.Fees["bribe"] = "b" },
		"type \"x\" is skipped without a reason":                          func(p *Profile) { p.Skip["x"] = "" },
		"type \"sale\" has a meaning and is skipped":                      func(p *Profile) { p.Skip["sale"] = "no" },
		"rule of signs \"minus\" is neither type nor balance":             func(p *Profile) { p.Signs = "minus" },
		"delimiter \":\" is none of comma, semicolon, bar and tab":        func(p *Profile) { p.Delimiter = ":" },
		"thousands are parted by the decimal mark":                        func(p *Profile) { p.Thousands = "," },
		"exponents need the scale minor":                                  func(p *Profile) { p.Exponents = map[string]int{"JPY": 2} },
		"exponent 9 of JPY is not from 0 to 4":                            func(p *Profile) { p.Scale, p.Exponents = "minor", map[string]int{"JPY": 9} },
		"\"Mars/Olympus\" is no time zone":                                func(p *Profile) { p.Zone = "Mars/Olympus" },
		"dates written as \"2006-01-02\": wants DD, MM and YYYY":          func(p *Profile) { p.Dates = []string{"2006-01-02"} },
		"field \"card\" is among the other names":                         func(p *Profile) { p.Optional = []string{"card"} },
		"\"rate\" cannot be rounded":                                      func(p *Profile) { p.Round = []string{"rate"} },
		"rows cannot be proven to foot":                                   func(p *Profile) { delete(p.Columns, "net_debit"); delete(p.Columns, "net_credit") },
		"field currency is optional, but there is no settlement_currency": func(p *Profile) { p.Optional = []string{"currency"} },
	} {
		p := wide()
		change(&p)
		if err := p.Validate(); err == nil || !strings.HasPrefix(err.Error(), "csv profile: "+want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if err := wide().Validate(); err != nil {
		t.Error(err)
	}
}
