package ledgerfile

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"parallax/internal/money"
	"parallax/internal/record"
)

const header = "payment_id,amount_minor,currency,status,network,reference,rrn,auth_code,created_at\n"

// read is what a file holds: its rows, and which column holds what.
type read struct {
	Entries []record.Entry
	Columns map[string]string
	SHA256  string
}

func decode(text string, o Options) (read, error) {
	return decodeBytes([]byte(text), o)
}

func decodeBytes(data []byte, o Options) (read, error) {
	in, err := plainText(bytes.NewReader(data))
	if err != nil {
		return read{}, err
	}
	d, err := newDecoder(in, "l.csv", o)
	if err != nil {
		return read{}, err
	}
	out := read{Columns: d.columns}
	err = d.rows(func(e record.Entry) error {
		out.Entries = append(out.Entries, e)
		return nil
	})
	return out, err
}

func readFile(path string, o Options) (read, error) {
	f, err := Open(path, o)
	if err != nil {
		return read{}, err
	}
	out := read{Columns: f.Columns}
	err = f.Each(context.Background(), func(e record.Entry) error {
		out.Entries = append(out.Entries, e)
		return nil
	})
	out.SHA256 = f.SHA256
	return out, err
}

func TestDecode(t *testing.T) {
	want := record.Entry{
		ID: "2", PaymentID: "pay_1", Amount: money.Amount{Minor: 1250, Currency: "EUR"}, Status: "captured", Network: "visa",
		NetworkReference: "V1", RRN: "000000000001", AuthCode: "A00001", CreatedAt: time.Date(2026, 11, 18, 14, 7, 0, 0, time.UTC),
	}
	for _, text := range []string{
		header + "pay_1,1250,EUR,captured,visa,V1,000000000001,A00001,2026-11-18T14:07:00Z\n",
		byteOrderMark + strings.ReplaceAll(header, "\n", "\r\n") + "pay_1, 1250 ,eur,captured,visa,V1,000000000001,A00001,2026-11-18 15:07:00+01\r\n",
		"Payment ID,Amount,Currency,State,Scheme,Network Reference,RRN,Auth-Code,Created At,more\npay_1,12.5,EUR,captured,visa,V1,000000000001,A00001,2026-11-18 14:07:00,x\n",
	} {
		ledger, err := decode(text, Options{Network: "mastercard", Status: "?"})
		if err != nil || len(ledger.Entries) != 1 || !reflect.DeepEqual(ledger.Entries[0], want) {
			t.Errorf("got %+v, %v", ledger.Entries, err)
		}
	}
}

func TestGivenColumnsComeFirst(t *testing.T) {
	text := "payment_id,psp,reference,amount_minor,euros,currency\npay_1,P1,R1,1,12.50,EUR\n"
	ledger, err := decode(text, Options{Columns: map[string]string{"network_reference": "psp", "amount": "euros"}, Network: "visa", Status: "captured"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"payment_id": "payment_id", "network_reference": "psp", "amount": "euros", "currency": "currency"}
	if !reflect.DeepEqual(ledger.Columns, want) {
		t.Errorf("columns %v, want %v", ledger.Columns, want)
	}
	if e := ledger.Entries[0]; e.NetworkReference != "P1" || e.Amount.Minor != 1250 || e.Network != "visa" || e.Status != "captured" {
		t.Errorf("entry %+v", e)
	}
}

func TestDecodeRefuses(t *testing.T) {
	row := "pay_1,1250,EUR,captured,visa,V1,1,A,2026-11-18T14:07:00Z\n"
	for _, tc := range []struct {
		name, text, want string
		columns          map[string]string
	}{
		{"nothing", "", "decode l.csv: line 1: file is empty, a header row was expected", nil},
		{"no amount", "payment_id,currency\n", "decode l.csv: line 1: none of the 2 columns is for amount (looked for amount, gross_amount, gross); name it with --ledger-columns amount=COLUMN; the columns are payment_id, currency", nil},
		{"unknown field", header, `decode l.csv: line 1: unknown field "colour"; known are ` + strings.Join(Fields(), ", "), map[string]string{"colour": "x"}},
		{"unknown column", header, `decode l.csv: line 1: --ledger-columns: column "x" for rrn is not in the header; the columns are payment_id, amount_minor, currency, status, network, reference, rrn, auth_code, created_at`, map[string]string{"rrn": "x"}},
		{"column twice", "rrn," + header + row, "decode l.csv: line 1: rrn: column is in the header twice", nil},
		{"amount", header + strings.Replace(row, "1250", "12.50", 1), "decode l.csv: line 2: amount_minor: is not an amount with at most 0 decimals", nil},
		{"overflow", header + strings.Replace(row, "1250", "9223372036854775808", 1), "decode l.csv: line 2: amount_minor: overflows 64 bits", nil},
		{"currency", header + strings.Replace(row, "EUR", "EURO", 1), "decode l.csv: line 2: currency: is not an ISO 4217 currency", nil},
		{"no payment id", header + strings.Replace(row, "pay_1", "", 1), "decode l.csv: line 2: payment_id: is empty", nil},
		{"time", header + strings.Replace(row, "2026-11-18T", "18.11.2026 ", 1), "decode l.csv: line 2: created_at: is not a time such as 2026-11-18T14:07:00Z", nil},
		{"short and long", header + row + "x\n" + "y," + row, "decode l.csv: line 3: row has 1 columns, the header has 9\ndecode l.csv: line 4: row has 10 columns, the header has 9", nil},
		{"open quote", header + row + `"` + row, "decode l.csv: line 3: extraneous or missing \" in quoted-field", nil},
	} {
		_, err := decode(tc.text, Options{Columns: tc.columns})
		if err == nil || err.Error() != tc.want {
			t.Errorf("%s:\n got %v\nwant %s", tc.name, err, tc.want)
		}
	}
}

func TestDecodeListsTheFirstBadRows(t *testing.T) {
	_, err := decode(header+strings.Repeat("x\n", 25), Options{})
	if lines := strings.Split(fmt.Sprint(err), "\n"); len(lines) != maxListed+1 || lines[maxListed] != "and 15 rows more that cannot be read" {
		t.Errorf("got %q", lines)
	}
}

func TestRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.csv")
	if err := os.WriteFile(path, []byte("payment_id,amount,currency\npay_1,1,EUR\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ledger, err := readFile(path, Options{})
	if err != nil || len(ledger.Entries) != 1 || len(ledger.SHA256) != 64 {
		t.Errorf("%+v, %v", ledger, err)
	}
	if _, err := readFile(path+"x", Options{}); err == nil || !strings.HasPrefix(err.Error(), "read ledger: ") {
		t.Errorf("got %v", err)
	}
}

func TestCompressed(t *testing.T) {
	text := []byte(header + strings.Repeat("pay_1,1250,EUR,captured,visa,V1,1,A,2026-11-18T14:07:00Z\n", 1000))
	var zipped, zst bytes.Buffer
	g := gzip.NewWriter(&zipped)
	z, err := zstd.NewWriter(&zst)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []io.WriteCloser{g, z} {
		if _, err := w.Write(text); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for name, data := range map[string][]byte{"gzip": zipped.Bytes(), "zstd": zst.Bytes()} {
		if ledger, err := decodeBytes(data, Options{}); err != nil || len(ledger.Entries) != 1000 {
			t.Errorf("%s: %d rows, %v", name, len(ledger.Entries), err)
		}
		if _, err := decodeBytes(data[:len(data)-3], Options{}); err == nil {
			t.Errorf("%s: a truncated file was read as if it were whole", name)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(header + "pay_1,1250,EUR,captured,visa,V1,1,A,2026-11-18T14:07:00Z\n")
	f.Add(byteOrderMark + "payment_id,amount,currency\n\"a\nb\",1,JPY\n")
	f.Fuzz(func(t *testing.T, text string) {
		ledger, err := decode(text, Options{})
		if err != nil {
			return
		}
		for _, e := range ledger.Entries {
			if e.PaymentID == "" || e.Amount.Currency == "" {
				t.Errorf("entry %+v", e)
			}
		}
	})
}
