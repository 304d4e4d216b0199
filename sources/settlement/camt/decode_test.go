package camt

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"parallax/internal/lab/cardfile"
	"parallax/internal/money"
	"parallax/internal/record"
	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/decode/decodetest"
)

const iban = "DE89370400440532013000" // the example of ISO 13616

var day = time.Date(2026, time.November, 18, 6, 0, 0, 0, time.UTC)

func decodeText(text string) ([]record.SettlementLine, decode.Summary, error) {
	return decodetest.All(Decode, []byte(text), "bank.xml", "bank")
}

// written is a file as a bank would send it.
func written(t testing.TB, change func(*cardfile.Camt)) string {
	t.Helper()
	f := cardfile.Camt{ID: "STMT1", Sequence: 211, Account: iban, Date: day, Opening: 100_000}
	for i := range 4 {
		f.Lines = append(f.Lines, cardfile.Line{Kind: cardfile.Payout, Reference: fmt.Sprintf("po_%d", i+1), Minor: int64(1000 + i), Currency: "EUR"})
	}
	f.Lines = append(f.Lines, cardfile.Line{Kind: cardfile.Refund, Reference: "re_1", Minor: 250, Currency: "EUR"})
	change(&f)
	var out bytes.Buffer
	if err := cardfile.WriteCamt(&out, f); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// statementXML is a camt.053 of version 8 around entries.
func statementXML(entries string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>` +
		`<GrpHdr><MsgId>M</MsgId></GrpHdr><Stmt><Id>S1</Id><Acct><Id><IBAN>` + iban + `</IBAN></Id></Acct>` + entries + `</Stmt></BkToCstmrStmt></Document>`
}

// entryXML is a booked credit with more elements behind its own.
func entryXML(amount, more string) string {
	return `<Ntry>` + amount + `<CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-18</Dt></BookgDt>` + more + `</Ntry>`
}

const eur10 = `<Amt Ccy="EUR">10.00</Amt>`

func TestDecodeEveryVersion(t *testing.T) {
	want := record.SettlementLine{
		Feed: "bank", File: "bank.xml", Record: 2, Type: record.BankCredit, Reference: "po_2", Code: "PMNT-RCDT-ESCT", Note: "Settlement po_2",
		Amount: money.Amount{Minor: 1001, Currency: "EUR"}, BusinessDate: "2026-11-18", ValueDate: "2026-11-19",
	}
	debit := want
	debit.Record, debit.Type, debit.Reference, debit.Code, debit.Note, debit.Amount.Minor = 5, record.BankDebit, "re_1", "PMNT-ICDT-ESCT", "Settlement re_1", -250
	for _, version := range []int{2, 3, 4, 6, 8, 13} {
		for _, notification := range []bool{false, true} {
			for _, batch := range []int{1, 3} {
				text := written(t, func(f *cardfile.Camt) { f.Version, f.Notification, f.Batch = version, notification, batch })
				lines, s, err := decodeText(text)
				if err != nil || len(lines) != 5 || s.Lines != 5 || s.Records != 5 || s.Rejected != 0 {
					t.Fatalf("version %d, notification %v, batch %d: %d lines, %+v, %v", version, notification, batch, len(lines), s, err)
				}
				if !reflect.DeepEqual(lines[1], want) || !reflect.DeepEqual(lines[4], debit) {
					t.Errorf("version %d, notification %v, batch %d:\ngot  %+v\nand  %+v\nwant %+v", version, notification, batch, lines[1], lines[4], want)
				}
				if s.FileID != "STMT1/211 ****3000" || s.Sequence != 211 || s.SequenceOf != "****3000 EUR" || !reflect.DeepEqual(s.BusinessDates, []string{"2026-11-18"}) {
					t.Errorf("version %d: %+v", version, s)
				}
				if s.Totals["computed EUR"] != "3756" || !notification && s.Totals["stated closing EUR"] != "103756" {
					t.Errorf("totals %v", s.Totals)
				}
			}
		}
	}
}

func TestDecodeInEveryDress(t *testing.T) {
	note := func(f *cardfile.Camt) { f.Lines[0].Note = " für Café" }
	plain := written(t, note)
	want, _, err := decodeText(plain)
	if err != nil || want[0].Note != "Settlement po_1 für Café" {
		t.Fatalf("%+v, %v", want, err)
	}
	for name, text := range map[string]string{
		"ISO-8859-1":       written(t, func(f *cardfile.Camt) { note(f); f.Latin1 = true }),
		"byte order mark":  decode.ByteOrderMark + plain,
		"carriage returns": strings.ReplaceAll(plain, "\n", "\r\n"),
		"no newlines":      strings.ReplaceAll(plain, "\n", ""),
		"comments":         strings.ReplaceAll(plain, "<Ntry>", "<!-- x --><Ntry>"),
		"CDATA":            strings.ReplaceAll(plain, "Settlement po_1", "<![CDATA[Settlement po_1]]>"),
		"references":       strings.ReplaceAll(plain, "Settlement", "&#83;ettlement"),
		"prefix":           prefixedXML(plain),
		"foreign elements": strings.ReplaceAll(plain, "<NtryDtls>", `<x:Amt xmlns:x="urn:other" Ccy="JPY">99</x:Amt><NtryDtls>`),
	} {
		lines, _, err := decodeText(text)
		if err != nil || !reflect.DeepEqual(lines, want) {
			t.Errorf("%s: %+v, %v", name, lines, err)
		}
	}
}

// prefixedXML names the namespace on every element instead of once.
func prefixedXML(text string) string {
	head, body, _ := strings.Cut(text, "\n")
	body = strings.ReplaceAll(strings.ReplaceAll(body, "</", "\x00"), "<", "<n:")
	return head + strings.Replace(strings.ReplaceAll(body, "\x00", "</n:"), "xmlns=", "xmlns:n=", 1)
}

func TestDecodeTransactions(t *testing.T) {
	refs := `<Refs><MsgId>MSG</MsgId><AcctSvcrRef>SVC</AcctSvcrRef><PmtInfId>PAY</PmtInfId><EndToEndId>NOTPROVIDED</EndToEndId><TxId>TX</TxId></Refs>`
	for name, tc := range map[string]struct {
		entry string
		want  record.SettlementLine
	}{
		"no transactions": {
			entryXML(eur10, `<NtryRef>N1</NtryRef><AcctSvcrRef>A1</AcctSvcrRef><BkTxCd><Prtry><Cd>806</Cd></Prtry></BkTxCd><AddtlNtryInf>Some  text</AddtlNtryInf>`),
			record.SettlementLine{Reference: "A1", Code: "806", Note: "Some text"},
		},
		"references": {
			entryXML(eur10, `<AcctSvcrRef>A1</AcctSvcrRef><NtryDtls><TxDtls>`+refs+`</TxDtls></NtryDtls>`),
			record.SettlementLine{Reference: "TX", Batch: "PAY"},
		},
		"remittance": {
			entryXML(eur10, `<NtryDtls><TxDtls><RmtInf><Ustrd>one</Ustrd><Ustrd>two</Ustrd><Strd><CdtrRefInf><Ref>RF18539007547034</Ref></CdtrRefInf></Strd></RmtInf></TxDtls></NtryDtls>`),
			record.SettlementLine{Note: "one two RF18539007547034"},
		},
		"charges and rate": {
			entryXML(eur10, `<NtryDtls><TxDtls><Amt Ccy="EUR">10.30</Amt><AmtDtls><TxAmt><Amt Ccy="USD">11.22</Amt><CcyXchg><SrcCcy>USD</SrcCcy><XchgRate>0.918</XchgRate></CcyXchg></TxAmt></AmtDtls>`+
				`<Chrgs><Rcrd><Amt Ccy="EUR">0.40</Amt><CdtDbtInd>DBIT</CdtDbtInd></Rcrd><Rcrd><Amt Ccy="EUR">0.10</Amt><CdtDbtInd>CRDT</CdtDbtInd></Rcrd></Chrgs></TxDtls></NtryDtls>`),
			record.SettlementLine{Rate: "0.918", Fee: money.Amount{Minor: 30, Currency: "EUR"}, Fees: []record.LineFee{
				{Kind: record.OtherFee, Amount: money.Amount{Minor: 40, Currency: "EUR"}}, {Kind: record.OtherFee, Amount: money.Amount{Minor: -10, Currency: "EUR"}},
			}},
		},
		"reversal": {
			strings.Replace(entryXML(eur10, ""), "<Sts>", "<RvslInd>true</RvslInd><Sts>", 1),
			record.SettlementLine{Type: record.BankDebit, Reversal: true},
		},
		"five decimals": {entryXML(`<Amt Ccy="EUR">10.00000</Amt>`, ""), record.SettlementLine{}},
		"negative zero": {entryXML(`<Amt Ccy="EUR">-0.00</Amt>`, ""), record.SettlementLine{Amount: money.Amount{Currency: "EUR"}}},
		"point alone":   {entryXML(`<Amt Ccy="EUR"> 10. </Amt>`, ""), record.SettlementLine{}},
		"formula":       {entryXML(eur10, `<NtryDtls><TxDtls><Refs><EndToEndId>=1+1</EndToEndId></Refs></TxDtls></NtryDtls>`), record.SettlementLine{Reference: "=1+1"}},
		"time and zone": {strings.Replace(entryXML(eur10, ""), "<Dt>2026-11-18</Dt>", "<DtTm>2026-11-18T23:59:59.5+01:00</DtTm>", 1), record.SettlementLine{}},
		"batch without amounts": {
			entryXML(eur10, `<NtryDtls><Btch><PmtInfId>B1</PmtInfId><NbOfTxs>2</NbOfTxs></Btch><TxDtls/><TxDtls/></NtryDtls>`),
			record.SettlementLine{Batch: "B1"},
		},
	} {
		want := tc.want
		want.Feed, want.File, want.Record, want.BusinessDate = "bank", "bank.xml", 1, "2026-11-18"
		if want.Type == "" {
			want.Type = record.BankCredit
		}
		if want.Amount.Currency == "" {
			want.Amount = money.Amount{Minor: 1000, Currency: "EUR"}
		}
		lines, s, err := decodeText(statementXML(tc.entry))
		if err != nil || len(lines) != 1 || !reflect.DeepEqual(lines[0], want) {
			t.Errorf("%s: %+v, %v\ngot  %+v\nwant %+v", name, s, err, lines, want)
		}
	}
}

func TestDecodeBatch(t *testing.T) {
	tx := func(amount, direction string) string {
		return `<TxDtls><Amt Ccy="EUR">` + amount + `</Amt>` + direction + `</TxDtls>`
	}
	lines, s, err := decodeText(statementXML(entryXML(eur10, `<NtryDtls>`+tx("12.00", "")+tx("2.00", "<CdtDbtInd>DBIT</CdtDbtInd>")+`</NtryDtls>`)))
	if err != nil || len(lines) != 2 || lines[0].Amount.Minor != 1200 || lines[1].Amount.Minor != -200 || lines[1].Type != record.BankDebit || s.Records != 2 {
		t.Errorf("%+v, %+v, %v", lines, s, err)
	}
	_, _, err = decodeText(statementXML(entryXML(eur10, `<NtryDtls>`+tx("10.00", "<CdtDbtInd>DBIT</CdtDbtInd>")+`</NtryDtls>`)))
	if err == nil || !strings.Contains(err.Error(), "entry of EUR 1000, its transactions sum to EUR -1000") {
		t.Errorf("error %v", err)
	}
	_, _, err = decodeText(statementXML(entryXML(eur10, `<NtryDtls>`+tx("12.00", "")+tx("2.00", "")+`</NtryDtls>`)))
	if err == nil || !strings.Contains(err.Error(), "entry of EUR 1000, its transactions sum to EUR 1400") {
		t.Errorf("error %v", err)
	}
}

// TestDecodeRejectsOneTransaction: the others of its entry are read, and the entry is still held against their sum.
func TestDecodeRejectsOneTransaction(t *testing.T) {
	bad := `<TxDtls><Refs><TxId>` + strings.Repeat("x", 300) + `</TxId></Refs><Amt Ccy="EUR">4.00</Amt></TxDtls>`
	good := `<TxDtls><Amt Ccy="EUR">6.00</Amt></TxDtls>`
	lines, s, err := decodeText(statementXML(entryXML(eur10, `<NtryDtls>`+bad+good+`</NtryDtls>`)))
	want := []decode.Reject{{Line: 1, Field: transaction + "/Refs/TxId", Reason: "is longer than 256 bytes"}}
	if err != nil || len(lines) != 1 || lines[0].Record != 2 || !reflect.DeepEqual(s.Rejects, want) || s.Totals["computed transactions"] != "" {
		t.Errorf("%+v, %+v, %v", lines, s, err)
	}
	if _, _, err := decodeText(statementXML(entryXML(eur10, `<NtryDtls>`+bad+bad+`</NtryDtls>`))); err == nil {
		t.Error("rejected transactions are not counted in the sum")
	}
}

// TestDecodeChoosesBalances: of a statement over several days the first opening and the last closing balance count.
func TestDecodeChoosesBalances(t *testing.T) {
	balance := func(code, amount, day string) string {
		return `<Bal><Tp><CdOrPrtry><Cd>` + code + `</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">` + amount + `</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>` + day + `</Dt></Dt></Bal>`
	}
	all := []string{
		balance("PRCD", "5.00", "2026-11-16"), balance("OPBD", "90.00", "2026-11-17"), balance("CLBD", "95.00", "2026-11-17"),
		balance("OPBD", "95.00", "2026-11-18"), balance("CLBD", "100.00", "2026-11-18"), balance("ITBD", "1.00", "2026-11-18"), balance("CLAV", "2.00", "2026-11-18"),
	}
	for range 2 {
		_, s, err := decodeText(statementXML(strings.Join(all, "") + entryXML(eur10, "")))
		if err != nil || s.Totals["stated closing EUR"] != "10000" || s.Totals["computed closing EUR"] != "10000" {
			t.Errorf("%+v, %v", s, err)
		}
		slices.Reverse(all)
	}
	if _, s, err := decodeText(statementXML(all[0] + all[4] + entryXML(`<Amt Ccy="EUR">95.00</Amt>`, ""))); err != nil || s.Totals["stated closing EUR"] != "10000" {
		t.Errorf("closed before: %+v, %v", s, err)
	}
}

// TestDecodeTellsChargesOnce: those of the entry itself go with its first line, and may explain its amount.
func TestDecodeTellsChargesOnce(t *testing.T) {
	charges := `<Chrgs><Rcrd><Amt Ccy="EUR">0.50</Amt></Rcrd></Chrgs>`
	tx := `<TxDtls><Amt Ccy="EUR">5.25</Amt></TxDtls>`
	lines, _, err := decodeText(statementXML(entryXML(eur10, charges+`<NtryDtls>`+tx+tx+`</NtryDtls>`)))
	if err != nil || len(lines) != 2 || lines[0].Fee != (money.Amount{Minor: 50, Currency: "EUR"}) || len(lines[1].Fees) != 0 {
		t.Errorf("%+v, %v", lines, err)
	}
}

// TestDecodeLongBatch reads an entry of more transactions than are kept at once.
func TestDecodeLongBatch(t *testing.T) {
	const n = maxHeld*2 + 5
	long := func(f *cardfile.Camt) {
		f.Lines, f.Batch = nil, n
		for i := range n {
			f.Lines = append(f.Lines, cardfile.Line{Reference: fmt.Sprint("r", i), Minor: int64(i), Currency: "EUR"})
		}
	}
	lines, s, err := decodeText(written(t, long))
	if err != nil || len(lines) != n || lines[n-1].Record != n || lines[n-1].Reference != fmt.Sprint("r", n-1) || s.Records != n {
		t.Fatalf("%d lines, %+v, %v", len(lines), s, err)
	}
	if _, _, err = decodeText(written(t, func(f *cardfile.Camt) { long(f); f.WrongEntry = 1 })); err == nil || !strings.Contains(err.Error(), "its transactions sum to") {
		t.Errorf("error %v", err)
	}
	lines, s, err = decodeText(written(t, func(f *cardfile.Camt) { long(f); f.Bare = true }))
	if err != nil || len(lines) != 1 || s.Records != 1 || lines[0].Amount.Minor != n*(n-1)/2 {
		t.Errorf("transactions without amounts: %+v, %+v, %v", lines, s, err)
	}
	late := strings.Replace(written(t, long), "<EndToEndId>r2000</EndToEndId>\n</Refs>\n<Amt Ccy=\"EUR\">20.00</Amt>", "<EndToEndId>r2000</EndToEndId></Refs>", 1)
	lines, s, err = decodeText(late)
	if err != nil || len(lines) != n-1 || s.Rejected != 1 || !strings.HasPrefix(s.Totals["computed transactions"], "not verifiable: 1 entries") {
		t.Errorf("a late transaction without an amount: %d lines, %+v, %v", len(lines), s, err)
	}
}

func TestDecodeLeavesOutWhatIsNotBooked(t *testing.T) {
	text := written(t, func(f *cardfile.Camt) { f.Pending = f.Lines[:2] })
	for name, text := range map[string]string{
		"all in the summary": text,
		"booked alone":       strings.Replace(strings.Replace(strings.Replace(text, "<NbOfNtries>7<", "<NbOfNtries>5<", 1), "<NbOfNtries>6<", "<NbOfNtries>4<", 1), "<Sum>62.57<", "<Sum>42.56<", 1),
	} {
		if name == "booked alone" {
			text = strings.Replace(strings.Replace(text, "<Amt>57.57<", "<Amt>37.56<", 1), "<Sum>60.07<", "<Sum>40.06<", 1)
		}
		lines, s, err := decodeText(text)
		if err != nil || len(lines) != 5 || s.Admin != 2 || s.Records != 7 || s.Totals["entries not booked"] != "2" {
			t.Errorf("%s: %d lines, %+v, %v", name, len(lines), s, err)
		}
	}
}

// TestDecodeHidesAccounts: banks build ids of the account's number, and say where a statement goes on.
func TestDecodeHidesAccounts(t *testing.T) {
	text := strings.Replace(statementXML(entryXML(eur10, "")), "<Id>S1</Id>", "<Id>253"+iban+"</Id><StmtPgntn><PgNb>2</PgNb><LastPgInd>false</LastPgInd></StmtPgntn><LglSeqNb>9</LglSeqNb>", 1)
	lines, s, err := decodeText(text)
	if err != nil || s.FileID != "253****3000/9/page 2" || s.Sequence != 9 || s.SequenceOf != "****3000" || strings.Contains(fmt.Sprintf("%+v %+v", lines, s), iban[:18]) {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestDecodeSeveralStatements(t *testing.T) {
	lines, s, err := decodeText(written(t, func(f *cardfile.Camt) {
		f.Lines = append(f.Lines, cardfile.Line{Reference: "yen", Minor: 1200, Currency: "JPY"})
	}))
	if err != nil || len(lines) != 6 || lines[5].Amount != (money.Amount{Minor: 1200, Currency: "JPY"}) {
		t.Fatalf("%+v, %v", lines, err)
	}
	if s.FileID != "STMT1/211 ****3000 + STMT1-JPY/211 ****3000" || s.Sequence != 0 || s.Totals["stated closing JPY, statement 2"] != "101200" {
		t.Errorf("%+v", s)
	}
}
