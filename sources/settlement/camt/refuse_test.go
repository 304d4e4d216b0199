package camt

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"parallax/internal/lab/cardfile"
	"parallax/internal/record"
	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/decode/decodetest"
)

func TestDecodeRejectsEntries(t *testing.T) {
	tx := func(inside string) string {
		return entryXML(eur10, `<NtryDtls><TxDtls>`+inside+`</TxDtls></NtryDtls>`)
	}
	for _, tc := range []struct{ name, entry, field, reason string }{
		{"no amount", entryXML("", ""), "Stmt/Ntry/Amt", "is missing"},
		{"no number", entryXML(`<Amt Ccy="EUR">ten</Amt>`, ""), "Stmt/Ntry/Amt", "is not an amount with at most 2 decimals"},
		{"empty amount", entryXML(`<Amt Ccy="EUR"/>`, ""), "Stmt/Ntry/Amt", "is not an amount with at most 2 decimals"},
		{"negative", entryXML(`<Amt Ccy="EUR">-1.00</Amt>`, ""), "Stmt/Ntry/Amt", "is negative: the direction stands in CdtDbtInd"},
		{"overflow", entryXML(`<Amt Ccy="EUR">92233720368547758.08</Amt>`, ""), "Stmt/Ntry/Amt", "overflows 64 bits"},
		{"no currency", entryXML(`<Amt>1.00</Amt>`, ""), "Stmt/Ntry/Amt", "currency is not an ISO 4217 currency"},
		{"unknown currency", entryXML(`<Amt Ccy="EUX">1.00</Amt>`, ""), "Stmt/Ntry/Amt", "currency is not an ISO 4217 currency"},
		{"yen with decimals", entryXML(`<Amt Ccy="JPY">1.50</Amt>`, ""), "Stmt/Ntry/Amt", "is not an amount with at most 0 decimals"},
		{"too many decimals", entryXML(`<Amt Ccy="EUR">1.00001</Amt>`, ""), "Stmt/Ntry/Amt", "is not an amount with at most 2 decimals"},
		{"no direction", strings.Replace(entryXML(eur10, ""), "<CdtDbtInd>CRDT</CdtDbtInd>", "", 1), "Stmt/Ntry/CdtDbtInd", "is missing"},
		{"direction", strings.Replace(entryXML(eur10, ""), "CRDT", "IN", 1), "Stmt/Ntry/CdtDbtInd", "is neither CRDT nor DBIT"},
		{"no status", strings.Replace(entryXML(eur10, ""), "<Cd>BOOK</Cd>", "", 1), "Stmt/Ntry/Sts", "is missing"},
		{"status", strings.Replace(entryXML(eur10, ""), "BOOK", "LOST", 1), "Stmt/Ntry/Sts/Cd", "is none of BOOK, PDNG, INFO and FUTR"},
		{"date", strings.Replace(entryXML(eur10, ""), "2026-11-18", "18.11.2026", 1), "Stmt/Ntry/BookgDt/Dt", "is not a date such as 2026-11-18"},
		{"reversal", entryXML(eur10, "<RvslInd>maybe</RvslInd>"), "Stmt/Ntry/RvslInd", "is neither true nor false"},
		{"long reference", entryXML(eur10, "<NtryRef>"+strings.Repeat("x", 300)+"</NtryRef>"), "Stmt/Ntry/NtryRef", "is longer than 256 bytes"},
		{"control character", tx("<Refs><EndToEndId>a&#x85;b</EndToEndId></Refs>"), transaction + "/Refs/EndToEndId", "holds a control character"},
		{"rate", tx("<AmtDtls><TxAmt><CcyXchg><XchgRate>much</XchgRate></CcyXchg></TxAmt></AmtDtls>"), transaction + "/AmtDtls/TxAmt/CcyXchg/XchgRate", "is not a rate with at most 10 decimals"},
		{"transaction's amount", tx(`<Amt Ccy="EUR">1,00</Amt>`), transaction + "/Amt", "is not an amount with at most 2 decimals"},
		{"batch count", entryXML(eur10, "<NtryDtls><Btch><NbOfTxs>few</NbOfTxs></Btch></NtryDtls>"), "Stmt/Ntry/NtryDtls/Btch/NbOfTxs", "is not a number of transactions"},
	} {
		good := entryXML(eur10, "")
		lines, s, err := decodeText(statementXML(good + tc.entry + good))
		if err != nil || len(lines) != 2 || s.Records != 3 || len(s.Rejects) != 1 || s.Rejects[0] != (decode.Reject{Line: 2, Field: tc.field, Reason: tc.reason}) {
			t.Errorf("%s: %d lines, %+v, %v", tc.name, len(lines), s, err)
		}
	}
}

func TestDecodeControlTotals(t *testing.T) {
	for want, change := range map[string]func(*cardfile.Camt){
		"Stmt/Bal: control total does not agree: closing balance stated as EUR 103757, opening balance and entries make 103756": func(f *cardfile.Camt) { f.WrongClosing = 1 },
		"Stmt/TxsSummry/TtlNtries/NbOfNtries: control total does not agree: 6 stated, 5 read (entries)":                         func(f *cardfile.Camt) { f.WrongCount = 1 },
		"Stmt/TxsSummry/TtlNtries/Sum: control total does not agree: 4255 stated, 4256 read (in minor units)":                   func(f *cardfile.Camt) { f.WrongSum = -1 },
		"Stmt/Ntry/Amt: control total does not agree: entry of EUR 3004, its transactions sum to EUR 3003":                      func(f *cardfile.Camt) { f.WrongEntry, f.Batch = 1, 3 },
		"Stmt/Ntry/NtryDtls/Btch/NbOfTxs: control total does not agree: 2 transactions stated, 3 read":                          func(f *cardfile.Camt) { f.WrongBatch, f.Batch = -1, 3 },
	} {
		_, _, err := decodeText(written(t, change))
		if !errors.Is(err, decode.ErrControlTotal) || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	good := written(t, func(*cardfile.Camt) {})
	for from, to := range map[string]string{
		"<TtlCdtNtries><NbOfNtries>4": "<TtlCdtNtries><NbOfNtries>3", "<Sum>2.50<": "<Sum>2.49<", "<Sum>40.06<": "<Sum>?<",
		"<Amt>37.56</Amt>": "<Amt>37.55</Amt>", `<Amt Ccy="EUR">1000.00</Amt>`: `<Amt Ccy="EUR">1000.01</Amt>`,
	} {
		if !strings.Contains(good, from) {
			t.Fatalf("the file has no %s", from)
		}
		if _, _, err := decodeText(strings.Replace(good, from, to, 1)); !errors.Is(err, decode.ErrControlTotal) {
			t.Errorf("%s: error %v", to, err)
		}
	}
}

// TestDecodeCannotCheckWhatItCannotRead: a rejected entry whose amount is not known leaves the sums open, and says so.
func TestDecodeCannotCheckWhatItCannotRead(t *testing.T) {
	text := strings.Replace(written(t, func(*cardfile.Camt) {}), `<Amt Ccy="EUR">10.02</Amt>`, `<Amt Ccy="EUR">10.O2</Amt>`, 1)
	lines, s, err := decodeText(text)
	if err != nil || len(lines) != 4 || s.Rejected != 1 || !strings.HasPrefix(s.Totals["computed closing EUR"], "not verifiable: 1 entries") {
		t.Errorf("%d lines, %+v, %v", len(lines), s, err)
	}
}

func TestDecodeRefuses(t *testing.T) {
	good := statementXML(entryXML(eur10, ""))
	space := "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
	deep := strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100)
	for _, tc := range []struct{ name, text, want string }{
		{"empty", "", "holds no document"},
		{"blank", " \n", "holds no document"},
		{"header only", strings.Split(good, "<Document")[0], "holds no document"},
		{"text", "4111,EUR", "text stands outside the document"},
		{"no statement", strings.Split(good, "<Stmt>")[0] + "</BkToCstmrStmt></Document>", "document holds neither a statement nor a notification"},
		{"another document", strings.Replace(good, "camt.053.001.08", "camt.052.001.08", 1), "is neither a camt.053 (statement) nor a camt.054 (notification)"},
		{"first version", strings.Replace(good, "camt.053.001.08", "camt.053.001.01", 1), "is a version of camt.053 that is not read; 001.02 and later are"},
		{"no namespace", strings.Replace(good, ` xmlns="`+space+`"`, "", 1), "is no ISO 20022 document"},
		{"another namespace", strings.Replace(good, space, "urn:other", 1), "is no ISO 20022 document"},
		{"message of the other kind", strings.ReplaceAll(good, "BkToCstmrStmt", "BkToCstmrDbtCdtNtfctn"), "document does not begin with BkToCstmrStmt"},
		{"two documents", good + strings.Split(good, "?>")[1], "document is followed by another one"},
		{"text behind", good + "x", "text stands outside the document"},
		{"DTD", strings.Replace(good, "<Document", `<!DOCTYPE Document [<!ENTITY a "b">]><Document`, 1), "holds a document type declaration, which no message has"},
		{"entity", strings.Replace(good, "10.00", "&a;", 1), "is not well-formed XML: invalid character entity &a;"},
		{"not closed", strings.Replace(good, "</Ntry>", "</Stmt>", 1), "is not well-formed XML: element <Ntry> closed by </Stmt>"},
		{"too deep", strings.Replace(good, "<Ntry>", deep+"<Ntry>", 1), "elements stand more than 64 levels deep"},
		{"attributes", strings.Replace(good, "<Ntry>", "<Ntry "+attributes(100)+">", 1), "element has more than 32 attributes"},
		{"attribute bomb", strings.Replace(good, "<Ntry>", "<Ntry "+attributes(100_000)+">", 1), "a tag or text is longer than 65536 bytes"},
		{"long text", strings.Replace(good, "<Ntry>", "<Ntry><NtryRef>"+strings.Repeat("x", 5000)+"</NtryRef>", 1), "Stmt/Ntry/NtryRef is longer than 4096 bytes"},
		{"10 MB of text", strings.Replace(good, "<Ntry>", "<Ntry><Other>"+strings.Repeat("x", 10<<20)+"</Other>", 1), "a tag or text is longer than 65536 bytes"},
		{"long comment", strings.Replace(good, "<Ntry>", "<!--"+strings.Repeat("x", 100_000)+"--><Ntry>", 1), "a tag or text is longer than 65536 bytes"},
		{"UTF-16", "\xff\xfe" + utf16(good), "is UTF-16; UTF-8 or ISO-8859-1 was expected"},
		{"UTF-16 without a mark", utf16(good), "is UTF-16; UTF-8 or ISO-8859-1 was expected"},
		{"not UTF-8", strings.Replace(good, "10.00", "\xe9", 1), "is not well-formed XML: invalid UTF-8"},
		{"encoding", strings.Replace(good, "UTF-8", "UTF-7", 1), `UTF-8 or ISO-8859-1 was expected`},
		{"garbage", strings.Replace(good, "<Sts>", "\x00\x01\x02", 1), "is not well-formed XML: illegal character code U+0000"},
		{"no id", strings.Replace(good, "<Id>S1</Id>", "", 1), "Stmt/Id: is missing"},
		{"balance without currency", strings.Replace(good, "<Ntry>", "<Bal><Amt>1</Amt></Bal><Ntry>", 1), "Stmt/Bal/Amt: currency is not an ISO 4217 currency"},
		{"balance without amount", strings.Replace(good, "<Ntry>", "<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp></Bal><Ntry>", 1), "Stmt/Bal: has no amount or no direction"},
		{"sum overflows", statementXML(strings.Repeat(entryXML(`<Amt Ccy="EUR">92233720368547758.07</Amt>`, ""), 2)), "sum of the entries overflows 64 bits"},
	} {
		_, _, err := decodeText(tc.text)
		if at := (*decode.Error)(nil); !errors.As(err, &at) || !strings.HasSuffix(err.Error(), tc.want) {
			t.Errorf("%s:\ngot  %v\nwant %s", tc.name, err, tc.want)
		}
	}
}

func attributes(n int) string {
	var out strings.Builder
	for i := range n {
		fmt.Fprintf(&out, `a%d="" `, i)
	}
	return out.String()
}

func utf16(text string) string {
	var out strings.Builder
	for i := range len(text) {
		out.WriteString(text[i:i+1] + "\x00")
	}
	return out.String()
}

func TestDecodeTruncatedAnywhere(t *testing.T) {
	for _, latin1 := range []bool{false, true} {
		text := strings.TrimSpace(written(t, func(f *cardfile.Camt) { f.Lines, f.Latin1 = f.Lines[:2], latin1 }))
		if _, _, err := decodeText(text); err != nil {
			t.Fatal(err)
		}
		for n := range len(text) {
			if _, _, err := decodeText(text[:n]); err == nil {
				t.Fatalf("%d of %d bytes were taken for a whole file", n, len(text))
			}
		}
	}
}

var errDisk = errors.New("disk on fire")

// failing gives a beginning, then an error.
type failing struct{ rest io.Reader }

func (f failing) Read(p []byte) (int, error) {
	n, err := f.rest.Read(p)
	if errors.Is(err, io.EOF) {
		err = errDisk
	}
	return n, err
}

func TestDecodePassesErrorsOn(t *testing.T) {
	text := written(t, func(*cardfile.Camt) {})
	stop := errors.New("enough")
	if _, err := Decode(decodetest.Bytes([]byte(text)), "b", "f", func(record.SettlementLine) error { return stop }); !errors.Is(err, stop) || err.Error() != "enough" {
		t.Errorf("consumer's error became %v", err)
	}
	_, err := Decode(decodetest.Once(failing{strings.NewReader(text[:len(text)/2])}), "b", "f", func(record.SettlementLine) error { return nil })
	if !errors.Is(err, errDisk) {
		t.Errorf("reader's error became %v", err)
	}
	if _, err := Decode(func() (io.ReadCloser, error) { return nil, errDisk }, "b", "f", nil); !errors.Is(err, errDisk) {
		t.Errorf("error of opening became %v", err)
	}
}

// TestNoCardNumberInAnyField writes a card number wherever text goes.
func TestNoCardNumberInAnyField(t *testing.T) {
	whole := "411111" + "1111111111"
	for _, number := range []string{whole, "x" + whole + "y", "4111 1111 1111 " + "1111"} {
		for _, path := range append(slices.Collect(maps.Keys(values)), slices.Collect(maps.Keys(texts))...) {
			open, end := "", ""
			names := strings.SplitSeq(strings.TrimPrefix(strings.TrimPrefix(path, "Stmt/"), "Ntry/"), "/")
			for name := range names {
				open, end = open+"<"+name+` Ccy="EUR">`, "</"+name+">"+end
			}
			text := statementXML(open + number + end + entryXML(eur10, ""))
			if strings.HasPrefix(path, "Stmt/Ntry/") {
				text = statementXML(entryXML(eur10, open+number+end))
			}
			lines, s, err := decodeText(text)
			if got := fmt.Sprintf("%+v %+v %v", lines, s, err); strings.Contains(got, "111111111") || strings.Contains(got, "1111 1111") {
				if !amountOrCount(path) {
					t.Errorf("%s: %q stays: %s", path, number, got)
				}
			}
		}
	}
	for n := noteRunes - 20; n < noteRunes+5; n++ { // across the place where a note is cut
		text := statementXML(entryXML(eur10, "<AddtlNtryInf>"+strings.Repeat("a", n)+" "+whole+"</AddtlNtryInf>"))
		lines, _, err := decodeText(text)
		if err != nil || len(lines) != 1 || strings.Contains(lines[0].Note, "41111111") || len(lines[0].Note) > noteRunes+3 {
			t.Errorf("%+v, %v", lines, err)
		}
	}
	many := strings.Repeat("<Ustrd>"+strings.Repeat("b", 1000)+"</Ustrd>", 10)
	lines, _, err := decodeText(statementXML(entryXML(eur10, "<NtryDtls><TxDtls><RmtInf>"+many+"</RmtInf></TxDtls></NtryDtls>")))
	if err != nil || len(lines) != 1 || len(lines[0].Note) != noteRunes+3 {
		t.Errorf("%+v, %v", lines, err)
	}
}

// amountOrCount reports whether a field is a number that is compared and told as one: sixteen digits of it are money.
func amountOrCount(path string) bool {
	for _, name := range []string{"/Amt", "/Sum", "/NbOfNtries", "/TtlNetNtryAmt", "SeqNb"} {
		if strings.HasSuffix(path, name) {
			return true
		}
	}
	return false
}
