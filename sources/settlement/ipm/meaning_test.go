package ipm

import (
	"fmt"
	"maps"
	"reflect"
	"testing"

	"parallax/internal/money"
	"parallax/internal/record"
	"parallax/sources/settlement/ipm/ipmtest"
)

func with(changes ipmtest.Elements) ipmtest.Elements {
	m := ipmtest.Presentment(1)
	maps.Copy(m, changes)
	return m
}

// only decodes a file of one message.
func only(t *testing.T, name, id, mti string, m ipmtest.Elements) record.SettlementLine {
	t.Helper()
	f := ipmtest.File{ID: id}
	f.Header()
	f.Add(mti, m)
	f.Trailer()
	lines, s, err := decodeAll(f.Bytes())
	if err != nil || len(lines) != 1 {
		t.Fatalf("%s: %d lines, %v, %+v", name, len(lines), err, s.Rejects)
	}
	return lines[0]
}

// TestDecodeMeanings walks through the message types: what they are, which way the money goes, what they refer to.
func TestDecodeMeanings(t *testing.T) {
	const sent = "0022611180000009999900001"
	reversal := ipmtest.PDS(25, "R261119")
	for _, tc := range []struct {
		name, id, mti string
		de            ipmtest.Elements
		line          record.LineType
		minor         int64
		code          string
		original      string
		reversal      bool
	}{
		{"presentment", "", "1240", with(nil), record.Presentment, 1001, "1240/200", "", false},
		{"without processing code", "", "1240", func() ipmtest.Elements { m := with(nil); delete(m, 3); return m }(), record.Presentment, 1001, "1240/200", "", false},
		{"cash", "", "1240", with(ipmtest.Elements{3: "010000"}), record.Presentment, 1001, "1240/200", "", false},
		{"refund", "", "1240", with(ipmtest.Elements{3: "200000"}), record.Refund, -1001, "1240/200", "", false},
		{"payment to the cardholder", "", "1240", with(ipmtest.Elements{3: "280000"}), record.OtherLine, -1001, "1240/200", "", false},
		{"credit of another kind", "", "1240", with(ipmtest.Elements{3: "290000"}), record.OtherLine, -1001, "1240/200", "", false},
		{"debit of another kind", "", "1240", with(ipmtest.Elements{3: "300000"}), record.Presentment, 1001, "1240/200", "", false},
		{"reversal", "", "1240", with(ipmtest.Elements{48: reversal}), record.Presentment, -1001, "1240/200", "MCC0000011118", true},
		{"reversal of a refund", "", "1240", with(ipmtest.Elements{3: "200000", 48: reversal}), record.Refund, 1001, "1240/200", "MCC0000011118", true},
		{"reversal in the second place for subelements", "", "1240", with(ipmtest.Elements{48: ipmtest.PDS(23, "X"), 62: reversal}), record.Presentment, -1001, "1240/200", "MCC0000011118", true},
		{"reversal in the last place", "", "1240", with(ipmtest.Elements{125: reversal}), record.Presentment, -1001, "1240/200", "MCC0000011118", true},
		{"no reversal", "", "1240", with(ipmtest.Elements{48: ipmtest.PDS(25, " 000000")}), record.Presentment, 1001, "1240/200", "", false},
		{"reversed with its file", "", "1240", with(ipmtest.Elements{48: ipmtest.PDS(26, "R261119")}), record.Presentment, -1001, "1240/200", "MCC0000011118", true},
		{"second presentment", "", "1240", with(ipmtest.Elements{24: "205", 25: "2713"}), record.Representment, 1001, "1240/205 2713", "MCC0000011118", false},
		{"second presentment, part", "", "1240", with(ipmtest.Elements{24: "282"}), record.Representment, 1001, "1240/282", "MCC0000011118", false},
		{"chargeback", "", "1442", with(ipmtest.Elements{24: "450", 25: "4837"}), record.Chargeback, -1001, "1442/450 4837", "MCC0000011118", false},
		{"chargeback, part", "", "1442", with(ipmtest.Elements{24: "453"}), record.Chargeback, -1001, "1442/453", "MCC0000011118", false},
		{"arbitration chargeback", "", "1442", with(ipmtest.Elements{24: "451"}), record.Chargeback, -1001, "1442/451", "MCC0000011118", false},
		{"arbitration chargeback, part", "", "1442", with(ipmtest.Elements{24: "454"}), record.Chargeback, -1001, "1442/454", "MCC0000011118", false},
		{"chargeback of a refund", "", "1442", with(ipmtest.Elements{24: "450", 3: "200000"}), record.Chargeback, 1001, "1442/450", "MCC0000011118", false},
		{"chargeback taken back", "", "1442", with(ipmtest.Elements{24: "450", 48: reversal}), record.Chargeback, 1001, "1442/450", "MCC0000011118", true},
		{"chargeback without a reference", "", "1442", func() ipmtest.Elements {
			m := with(ipmtest.Elements{24: "450"})
			delete(m, 63)
			return m
		}(), record.Chargeback, -1001, "1442/450", fmt.Sprintf("%023d", 1), false},
		{"fee credited to the network", "", "1740", with(ipmtest.Elements{24: "783", 25: "7800", 3: "190000"}), record.Fee, -1001, "1740/783 7800", "", false},
		{"fee debited to the network", "", "1740", with(ipmtest.Elements{24: "700", 3: "290000"}), record.Fee, 1001, "1740/700", "", false},
		{"fee that we collect", sent, "1740", with(ipmtest.Elements{24: "700", 3: "190000"}), record.Fee, 1001, "1740/700", "", false},
		{"fee that we give", sent, "1740", with(ipmtest.Elements{24: "700", 3: "290000"}), record.Fee, -1001, "1740/700", "", false},
		{"fee taken back", "", "1740", with(ipmtest.Elements{24: "700", 3: "190000", 48: reversal}), record.Fee, 1001, "1740/700", "MCC0000011118", true},
		{"nothing at all", "", "1240", with(ipmtest.Elements{3: "200000", 4: "000000000000"}), record.Refund, 0, "1240/200", "", false},
	} {
		l := only(t, tc.name, tc.id, tc.mti, tc.de)
		if l.Type != tc.line || l.Amount.Minor != tc.minor || l.Code != tc.code || l.Original != tc.original || l.Reversal != tc.reversal {
			t.Errorf("%s: %+v", tc.name, l)
		}
	}
}

// TestDecodeReadsEverythingOfALine has all that a line can say.
func TestDecodeReadsEverythingOfALine(t *testing.T) {
	fees := "0029019780000000000098400000000000100119019780000000000058400000000000040029019780000000000018400000000000" + "02"
	m := with(ipmtest.Elements{
		3: "000000", 5: "000000001081", 6: "000000000870", 9: "61080000", 49: "978", 50: "840", 51: "826",
		48: ipmtest.PDS(146, fees) + ipmtest.PDS(148, "978284028262") +
			ipmtest.PDS(158, "MCC2010001"+"75"+"261117"+"03"+"NNN") +
			ipmtest.PDS(159, fmt.Sprintf("%-11s%-28s%s%-10s%s%s%s%s%s", "00000001234", "account", "3", "US00000001", " ", "261118", "03", "261119", "01")),
	})
	l := only(t, "presentment", "", "1240", m)
	eur := func(n int64) money.Amount { return money.Amount{Minor: n, Currency: "EUR"} }
	usd := func(n int64) money.Amount { return money.Amount{Minor: n, Currency: "USD"} }
	want := l
	want.Amount, want.Settlement, want.Billing = eur(1001), usd(1081), money.Amount{Minor: 870, Currency: "GBP"}
	want.Fee, want.Fees = usd(8), []record.LineFee{{Kind: record.Interchange, Amount: usd(10)}, {Kind: record.OtherFee, Amount: usd(-4)}, {Kind: record.Interchange, Amount: usd(2)}}
	want.Rate, want.BusinessDate, want.ValueDate, want.Batch = "1.08", "2026-11-17", "2026-11-19", "2026-11-19/01 US00000001"
	if !reflect.DeepEqual(l, want) {
		t.Errorf("\ngot  %+v\nwant %+v", l, want)
	}
	m[3] = "200000"
	if l = only(t, "refund", "", "1240", m); l.Amount != eur(-1001) || l.Settlement != usd(-1081) || l.Billing.Minor != -870 || l.Fee != usd(8) {
		t.Errorf("refund: %+v", l)
	}
	delete(m, 5)
	delete(m, 50)
	if l = only(t, "not settled", "", "1240", m); l.Fee != eur(5) || l.Settlement.Currency != "" {
		t.Errorf("without settlement: fee %+v, settlement %+v", l.Fee, l.Settlement)
	}
}

func TestZeroWithoutCurrencyIsNone(t *testing.T) {
	l := only(t, "zero", "", "1240", with(ipmtest.Elements{5: "000000000000", 6: "000000000000"}))
	if l.Settlement != (money.Amount{}) || l.Billing != (money.Amount{}) {
		t.Errorf("%+v", l)
	}
	l = only(t, "zero of a currency", "", "1240", with(ipmtest.Elements{5: "000000000000", 50: "978"}))
	if l.Settlement != (money.Amount{Currency: "EUR"}) {
		t.Errorf("%+v", l)
	}
}

// TestFeesFollowTheOriginator: a fee that debits who sent the message costs the merchant in a presentment only.
func TestFeesFollowTheOriginator(t *testing.T) {
	for _, tc := range []struct {
		name, mti, function, processing, mark string
		want                                  int64
	}{
		{"presentment", "1240", "200", "29", " ", 7},
		{"refund", "1240", "200", "19", " ", -7},
		{"second presentment", "1240", "205", "29", " ", 7},
		{"chargeback", "1442", "450", "29", " ", -7},
		{"chargeback that costs", "1442", "450", "19", " ", 7},
		{"reversal", "1240", "200", "29", "R", -7},
	} {
		l := only(t, tc.name, "", tc.mti, with(ipmtest.Elements{24: tc.function, 48: ipmtest.PDS(146, fee("00", tc.processing, 7, "978")) + ipmtest.PDS(25, tc.mark)}))
		if l.Fee != (money.Amount{Minor: tc.want, Currency: "EUR"}) || len(l.Fees) != 1 || l.Fees[0].Amount != l.Fee {
			t.Errorf("%s: fee %+v, %+v", tc.name, l.Fee, l.Fees)
		}
	}
}

func TestRates(t *testing.T) {
	for raw, want := range map[string]string{
		"01234567": "1234567", "61234567": "1.234567", "71234567": "0.1234567", "91234567": "0.001234567", "61000000": "1", "60100000": "0.1",
		"90000001": "0.000000001", "00000000": "", "60000000": "", "20000123": "1.23", "29999999": "99999.99", "10000010": "1",
	} {
		if l := only(t, raw, "", "1240", with(ipmtest.Elements{9: raw})); l.Rate != want {
			t.Errorf("%s is %q, want %q", raw, l.Rate, want)
		}
	}
}

func TestNotes(t *testing.T) {
	for _, tc := range []struct {
		de   ipmtest.Elements
		want string
	}{
		{ipmtest.Elements{}, ""},
		{ipmtest.Elements{95: "0123456789", 30: "000000002002000000000000"}, "issuer reference 0123456789, original amount EUR 20.02"},
		{ipmtest.Elements{30: "000000002002000000000000", 48: ipmtest.PDS(149, "392000")}, "original amount JPY 2,002"},
		{ipmtest.Elements{95: cardNumber[:16]}, "issuer reference 555555******4444"},
		{ipmtest.Elements{95: "=1+1"}, "issuer reference =1+1"}, // a formula stays text
	} {
		tc.de[24] = "450"
		if l := only(t, tc.want, "", "1442", with(tc.de)); l.Note != tc.want {
			t.Errorf("note %q, want %q", l.Note, tc.want)
		}
	}
	if l := only(t, "presentment", "", "1240", with(ipmtest.Elements{95: "0123456789"})); l.Note != "" {
		t.Errorf("a presentment's note is %q", l.Note)
	}
}

// TestNotesOfTheNetworkMayBeOdd: what stands beside the money, known at second hand, never costs a line.
func TestNotesOfTheNetworkMayBeOdd(t *testing.T) {
	for _, value := range []string{"", "x", "MCC2010001" + "75" + "      ", "MCC2010001" + "75" + "261399", fmt.Sprintf("%67s", ""), fmt.Sprintf("%064d", 0), fmt.Sprintf("%67s", "x\x01")} {
		l := only(t, value, "", "1240", with(ipmtest.Elements{48: ipmtest.PDS(158, value) + ipmtest.PDS(159, value)}))
		if l.BusinessDate != "2026-11-18" || l.ValueDate != "" || l.Batch != "" {
			t.Errorf("%q: %+v", value, l)
		}
	}
}
