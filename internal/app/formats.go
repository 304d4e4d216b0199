package app

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strings"

	"parallax/sources/settlement/adyen"
	"parallax/sources/settlement/amex"
	"parallax/sources/settlement/csvfile"
	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/fixedwidth"
	"parallax/sources/settlement/ipm"
	"parallax/sources/settlement/paypal"
)

// The formats of settlement files that need more than their name.
const (
	formatIPM   = "ipm"
	formatCSV   = "csv"
	formatFixed = "fixed"
	formatAuto  = "auto"
	visaBaseII  = "visa-base2-unverified"
)

// format is a format of settlement files.
type format struct {
	name string
	what string                  // in words, with an article
	is   func(start []byte) bool // whether a file that begins so is of it; nil: only by name
	read decode.Func             // nil for csv, which is read by a profile
	keys string                  // what its lines carry that a payment may be found by, and where: reference=DE63
}

// formats are tried in this order. CSV is last: every other format of text begins with something that only it has.
func formats() []format {
	return []format{
		{formatIPM, "a Mastercard clearing file (IPM)", isIPM, ipm.Decode, "reference=DE63 rrn=DE37 auth_code=DE38"},
		{"adyen", "an Adyen settlement details report", holds("Psp Reference", "Net Debit (NC)"), adyen.Decode, "payment_id=Merchant-Reference reference=Psp-Reference"},
		{"paypal", "a PayPal settlement report", begins(`"RH"`, "RH,", "RH\t"), paypal.Decode, "payment_id=Invoice-ID reference=Transaction-ID"},
		{"amex", "an American Express reconciliation file (GRRCN)", begins(`"HEADER"`, "HEADER"), amex.Decode, "payment_id=invoice-reference reference=transaction-id arn=ARN"},
		{"stripe", "a Stripe payout reconciliation", isShipped("stripe"), shippedReader("stripe"), "payment_id=payment_intent_id reference=source_id"},
		{"checkout", "a Checkout.com settlement breakdown", isShipped("checkout"), shippedReader("checkout"), "payment_id=Reference reference=Payment-ID"},
		{"checkout-financial-actions", "Checkout.com financial actions", isShipped("checkout-financial-actions"), shippedReader("checkout-financial-actions"), "payment_id=Reference reference=Payment-ID"},
		{visaBaseII, "Visa Base II records, by an unverified layout", nil, fixedLayout(fixedwidth.VisaBaseII()), "reference=transaction-identifier arn=ARN auth_code=code"},
		{formatCSV, "CSV with a header row", isText, nil, ""},
	}
}

func formatNames() []string {
	var names []string
	for _, f := range formats() {
		names = append(names, f.name)
	}
	return names
}

// asked is the name of a format as it was given, however it is spelled; empty where the content is to tell.
func asked(name string) string {
	if name = strings.ToLower(name); name != formatAuto {
		return name
	}
	return ""
}

// formatOf is the format that was asked for, or the one that the beginning of a file tells. A file that is plainly of another
// format than was asked for is refused; that it is text with lines says nothing, and all CSV may be read as such.
func formatOf(name string, start []byte) (string, error) {
	if isStatement(start) {
		return "", errors.New("is a bank statement (camt): match ties a ledger out against settlement files; see runbooks/settlement.md")
	}
	name = asked(name)
	looks := ""
	for _, f := range formats() {
		if f.is != nil && f.is(start) {
			looks = f.name
			break
		}
	}
	plain := looks != "" && (looks != formatCSV || name == formatIPM) && (looks == formatIPM || name != formatCSV)
	switch {
	case name == "":
		if looks == "" {
			return "", fmt.Errorf("is of no format that is known here: name it with --format (%s)", strings.Join(formatNames(), ", "))
		}
		return looks, nil
	case !slices.Contains(formatNames(), name):
		return "", fmt.Errorf("--format %q is not one of %s", name, strings.Join(formatNames(), ", "))
	case looks != name && plain:
		return "", fmt.Errorf("looks like %s: use --format %s", describe(looks), looks)
	default:
		return name, nil
	}
}

// isStatement: XML of a camt message (ISO 20022).
func isStatement(start []byte) bool {
	text := bytes.TrimLeft(bytes.TrimPrefix(start, []byte(decode.ByteOrderMark)), " \t\r\n")
	return bytes.HasPrefix(text, []byte("<")) && bytes.Contains(text, []byte("camt.05"))
}

// profiled reports whether a format is read by a CSV profile, whose columns can be named.
func profiled(name string) bool {
	_, shipped := csvfile.Shipped()[name]
	return shipped || name == formatCSV
}

func describe(name string) string {
	i := slices.IndexFunc(formats(), func(f format) bool { return f.name == name })
	return formats()[i].what
}

// keysOf are the keys that lines of a format carry, as a mapping of columns would have them.
func keysOf(name string) map[string]string {
	keys := map[string]string{}
	for _, f := range formats() {
		for pair := range strings.FieldsSeq(f.keys) {
			if key, where, _ := strings.Cut(pair, "="); f.name == name {
				keys[key] = where
			}
		}
	}
	return keys
}

// readerOf is the reader of a format that needs no description.
func readerOf(name string) (decode.Func, error) {
	for _, f := range formats() {
		if f.name == name && f.read != nil {
			return f.read, nil
		}
	}
	return nil, fmt.Errorf("format %q is not one of %s", name, strings.Join(formatNames(), ", "))
}

// isIPM: a clearing file begins with the length of its first record, in four bytes of which the first is zero.
func isIPM(start []byte) bool { return len(start) >= 4 && start[0] == 0 }

// fixedLayout is the reader of a layout that is shipped, and so has been checked.
func fixedLayout(l fixedwidth.Layout) decode.Func {
	read, err := fixedwidth.New(l)
	if err != nil {
		return func(decode.Content, string, string, decode.Yield) (decode.Summary, error) {
			return decode.Summary{}, err
		}
	}
	return read
}

// shippedReader is the reader of a CSV profile that is shipped, and so has been checked.
func shippedReader(name string) decode.Func {
	read, err := csvfile.New(csvfile.Shipped()[name])
	if err != nil {
		return func(decode.Content, string, string, decode.Yield) (decode.Summary, error) {
			return decode.Summary{}, err
		}
	}
	return read
}

// isShipped: a CSV file with the columns of a profile that is shipped.
func isShipped(name string) func([]byte) bool {
	return func(start []byte) bool {
		header, err := csv.NewReader(bytes.NewReader(start)).Read()
		return err == nil && csvfile.ShippedFor(header) == name
	}
}

// begins: a text that begins with one of some words, behind a byte order mark or not.
func begins(words ...string) func([]byte) bool {
	return func(start []byte) bool {
		start = bytes.TrimPrefix(start, []byte(decode.ByteOrderMark))
		return slices.ContainsFunc(words, func(w string) bool { return bytes.HasPrefix(start, []byte(w)) })
	}
}

// holds: a text whose first line names some columns.
func holds(columns ...string) func([]byte) bool {
	return func(start []byte) bool {
		header, _, _ := bytes.Cut(start, []byte("\n"))
		return !slices.ContainsFunc(columns, func(c string) bool { return !bytes.Contains(header, []byte(c)) })
	}
}

// isText: no control characters but those of lines and tabs.
func isText(start []byte) bool {
	return !bytes.ContainsFunc(start, func(r rune) bool { return r < '\t' || r > '\r' && r < ' ' })
}
