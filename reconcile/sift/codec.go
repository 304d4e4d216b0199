package sift

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"parallax/internal/audit"
	"parallax/internal/money"
	"parallax/internal/record"
)

// Codec writes rows as bytes and reads them again, for this process only: the format has no version. Append adds a row to dst.
// Read takes a row from bytes that Append has made; its texts do not point into them.
type Codec[T any] struct {
	Append func(dst []byte, row *T) []byte
	Read   func(b []byte) (T, error)
}

// Entries is the codec of ledger rows.
var Entries = Codec[record.Entry]{appendEntry, func(b []byte) (record.Entry, error) { return readAll(b, readEntry) }}

// Lines is the codec of settlement lines.
var Lines = Codec[record.SettlementLine]{appendLine, func(b []byte) (record.SettlementLine, error) { return readAll(b, readLine) }}

var errBytes = errors.New("bytes are no row")

func appendText[S ~string](dst []byte, s S) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func appendMoney(dst []byte, a money.Amount) []byte {
	return appendText(binary.AppendVarint(dst, a.Minor), a.Currency)
}

// appendTime keeps the moment and its offset from UTC; the zone's name is lost.
func appendTime(dst []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(dst, 0)
	}
	_, offset := t.Zone()
	dst = append(dst, 1)
	if t.Location() == time.UTC {
		dst[len(dst)-1] = 2
	}
	dst = binary.AppendVarint(dst, t.Unix())
	return binary.AppendVarint(binary.AppendUvarint(dst, uint64(t.Nanosecond())), int64(offset)) //nolint:gosec // below a billion
}

func appendEntry(dst []byte, e *record.Entry) []byte {
	dst = appendText(appendText(dst, e.Region), e.Witness)
	dst = appendText(appendText(appendText(dst, e.ID), e.PaymentID), e.IdempotencyKey)
	dst = appendText(appendMoney(dst, e.Amount), e.Status)
	dst = appendText(appendText(dst, e.Network), e.NetworkReference)
	dst = appendText(appendText(appendText(dst, e.RRN), e.AuthCode), e.OwnerRegion)
	dst = appendTime(appendTime(dst, e.CreatedAt), e.UpdatedAt)
	dst = binary.AppendUvarint(dst, uint64(len(e.Extra)))
	for _, name := range slices.Sorted(maps.Keys(e.Extra)) {
		dst = appendText(appendText(dst, name), e.Extra[name])
	}
	return dst
}

func appendLine(dst []byte, l *record.SettlementLine) []byte {
	dst = appendText(appendText(dst, l.Feed), l.File)
	dst = appendText(binary.AppendVarint(dst, l.Record), l.Type)
	for _, text := range []string{l.PaymentID, l.Reference, l.Original, l.ARN, l.RRN, l.AuthCode, l.MaskedPAN, l.Batch, l.Code, l.Note, l.Rate, l.BusinessDate, l.ValueDate} {
		dst = appendText(dst, text)
	}
	dst = binary.AppendVarint(binary.AppendVarint(dst, int64(l.Part)), int64(l.Parts))
	reversal := byte(0)
	if l.Reversal {
		reversal = 1
	}
	dst = append(dst, reversal)
	for _, a := range []money.Amount{l.Amount, l.Settlement, l.Billing, l.Net, l.Fee} {
		dst = appendMoney(dst, a)
	}
	dst = binary.AppendUvarint(dst, uint64(len(l.Fees)))
	for _, f := range l.Fees {
		dst = appendMoney(appendText(dst, f.Kind), f.Amount)
	}
	return appendTime(dst, l.TransactionAt)
}

// reader takes fields from bytes. After the first that is not there, all are empty.
type reader struct {
	b      []byte
	broken bool
}

func readAll[T any](b []byte, read func(*reader) T) (T, error) {
	r := reader{b: b}
	row := read(&r)
	if r.broken || len(r.b) > 0 {
		var none T
		return none, fmt.Errorf("read a stored row: %w", errBytes)
	}
	return row, nil
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.broken, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.broken, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.broken = true
		return 0
	}
	b := r.b[0]
	r.b = r.b[1:]
	return b
}

func (r *reader) text() string {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.broken, r.b = true, nil
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

func (r *reader) money() money.Amount { return money.Amount{Minor: r.varint(), Currency: r.text()} }

func (r *reader) time() time.Time {
	kind := r.byte()
	if kind == 0 {
		return time.Time{}
	}
	t := time.Unix(r.varint(), int64(r.uvarint())) //nolint:gosec // nanoseconds, below a billion
	offset := int(r.varint())
	if kind == 2 {
		return t.UTC()
	}
	return t.In(time.FixedZone("", offset))
}

func readEntry(r *reader) record.Entry {
	e := record.Entry{
		Region: audit.Region(r.text()), Witness: record.Witness(r.text()), ID: r.text(), PaymentID: r.text(), IdempotencyKey: r.text(),
		Amount: r.money(), Status: r.text(), Network: r.text(), NetworkReference: r.text(), RRN: r.text(), AuthCode: r.text(),
		OwnerRegion: audit.Region(r.text()), CreatedAt: r.time(), UpdatedAt: r.time(),
	}
	if n := r.uvarint(); n > 0 && !r.broken {
		e.Extra = map[string]string{}
		for ; n > 0 && !r.broken; n-- {
			name := r.text()
			e.Extra[name] = r.text()
		}
	}
	return e
}

func readLine(r *reader) record.SettlementLine {
	l := record.SettlementLine{Feed: r.text(), File: r.text(), Record: r.varint(), Type: record.LineType(r.text())}
	for _, text := range []*string{&l.PaymentID, &l.Reference, &l.Original, &l.ARN, &l.RRN, &l.AuthCode, &l.MaskedPAN, &l.Batch, &l.Code, &l.Note, &l.Rate, &l.BusinessDate, &l.ValueDate} {
		*text = r.text()
	}
	l.Part, l.Parts, l.Reversal = int(r.varint()), int(r.varint()), r.byte() == 1
	for _, a := range []*money.Amount{&l.Amount, &l.Settlement, &l.Billing, &l.Net, &l.Fee} {
		*a = r.money()
	}
	for n := r.uvarint(); n > 0 && !r.broken; n-- {
		l.Fees = append(l.Fees, record.LineFee{Kind: record.FeeKind(r.text()), Amount: r.money()})
	}
	l.TransactionAt = r.time()
	return l
}
