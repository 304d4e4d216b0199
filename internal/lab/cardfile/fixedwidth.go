package cardfile

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
)

// BaseII is a file of Visa clearing records, as far as their layout is public: 168 characters each, a header (90), for
// every line a component record 0 and, unless Short, a 5, and trailers of the batch (91) and the file (92).
type BaseII struct {
	Encoding  Encoding
	Newlines  bool // after every record, in ASCII only
	Short     bool // without component record 5: no transaction identifier
	NoTrailer bool
	Lines     []Line
}

const baseIIRecord = 168

// baseIICodes are the transaction codes of sales, credits, chargebacks and chargebacks taken back.
var baseIICodes = map[Kind]string{"": "05", Capture: "05", Refund: "06", Chargeback: "15", ChargebackReversed: "35"}

// WriteBaseII writes a file of Visa clearing records. Of a line's reference the last 15 characters are the transaction
// identifier.
func WriteBaseII(w io.Writer, f BaseII) error {
	out := fixedWriter{encoding: f.Encoding, newlines: f.Newlines, size: baseIIRecord}
	out.record(map[int]string{1: "90"})
	for i, l := range f.Lines {
		code, ok := baseIICodes[l.Kind]
		if !ok {
			return fmt.Errorf("write base ii: line %d: a %s has no transaction code here", i+1, l.Kind)
		}
		currency, err := currencyOf(l.Currency)
		if err != nil || l.Minor < 0 || l.Minor > 999_999_999_999 {
			return fmt.Errorf("write base ii: line %d: %d %s cannot be written", i+1, l.Minor, l.Currency)
		}
		first := map[int]string{
			1: code, 3: "0", 4: "0", 5: cardNumber(l.Issuer, l.Reference), 27: l.ARN,
			62: "000000000000", 74: "000", 77: fmt.Sprintf("%012d", l.Minor), 89: currency.numeric, 152: l.Auth,
		}
		if l.SettledCurrency != "" {
			settled, err := currencyOf(l.SettledCurrency)
			if err != nil {
				return fmt.Errorf("write base ii: line %d: %w", i+1, err)
			}
			first[62], first[74] = fmt.Sprintf("%012d", max(l.Settled, -l.Settled)), settled.numeric
		}
		out.record(first)
		if !f.Short {
			out.record(map[int]string{1: code, 3: "0", 4: "5", 5: l.Reference[max(0, len(l.Reference)-15):], 45: "01", 47: "01"})
		}
	}
	if !f.NoTrailer {
		out.record(map[int]string{1: "91"})
		out.record(map[int]string{1: "92"})
	}
	if out.err != nil {
		return fmt.Errorf("write base ii: %w", out.err)
	}
	if _, err := w.Write(out.data.Bytes()); err != nil {
		return fmt.Errorf("write base ii: %w", err)
	}
	return nil
}

// Fixed is a processor's clearing file in lines of up to 120 characters, for layouts that the user describes: a header (HD)
// with the date as YYYYMMDD at 3, an id of 10 at 11 and a number of 5 at 21; details (DT) with a type at 3 (S sale, R refund,
// C chargeback), a reference of 20 at 4, an amount of 12 at 24, its sign (C or D) at 36, the currency's letters at 37, a
// fee of 10 at 40, an auth code of 6 at 50, an RRN of 12 at 56, the date as YDDD at 68, the card number of 19 at 72; a
// trailer (TR) with the number of lines, header and trailer included, at 3 (9 digits), the unsigned sum at 12 (15 digits) and
// the net sum at 27 (15 digits and its sign behind them).
type Fixed struct {
	Lines    []Line
	ID       string
	Sequence int
	Encoding Encoding

	// What the trailer states wrongly, added to what is right.
	WrongCount, WrongSum, WrongNet int64
	NoTrailer                      bool
}

// WriteFixed writes a processor's clearing file. The date of the first line is the file's.
func WriteFixed(w io.Writer, f Fixed) error {
	out := fixedWriter{encoding: f.Encoding, newlines: true}
	day := "20261118"
	if len(f.Lines) > 0 {
		day = f.Lines[0].At.Format("20060102")
	}
	out.record(map[int]string{1: "HD", 3: day, 11: fmt.Sprintf("%-10s", f.ID), 21: fmt.Sprintf("%05d", f.Sequence)})
	var sum, net int64
	for i, l := range f.Lines {
		kind, sign := "S", int64(1)
		switch l.Kind {
		case Refund:
			kind, sign = "R", -1
		case Chargeback:
			kind, sign = "C", -1
		case "", Capture:
		default:
			return fmt.Errorf("write fixed: line %d: a %s has no letter here", i+1, l.Kind)
		}
		mark := "C"
		if sign < 0 {
			mark = "D"
		}
		out.record(map[int]string{
			1: "DT", 3: kind, 4: l.Reference, 24: fmt.Sprintf("%012d", l.Minor), 36: mark, 37: l.Currency, 40: fmt.Sprintf("%010d", l.Fee),
			50: l.Auth, 56: l.RRN, 68: strconv.Itoa(l.At.Year()%10) + fmt.Sprintf("%03d", l.At.YearDay()), 72: cardNumber(l.Issuer, l.Reference), 91: ".",
		})
		sum, net = sum+l.Minor, net+sign*l.Minor
	}
	if !f.NoTrailer {
		net += f.WrongNet
		mark := "+"
		if net < 0 {
			mark = "-"
		}
		out.record(map[int]string{
			1: "TR", 3: fmt.Sprintf("%09d", int64(len(f.Lines)+2)+f.WrongCount), 12: fmt.Sprintf("%015d", sum+f.WrongSum),
			27: fmt.Sprintf("%015d", max(net, -net)) + mark,
		})
	}
	if out.err != nil {
		return fmt.Errorf("write fixed: %w", out.err)
	}
	if _, err := w.Write(out.data.Bytes()); err != nil {
		return fmt.Errorf("write fixed: %w", err)
	}
	return nil
}

// fixedWriter lays texts out at their positions, counted from 1.
type fixedWriter struct {
	encoding Encoding
	newlines bool
	size     int // 0: as long as its texts
	data     bytes.Buffer
	err      error
}

func (w *fixedWriter) record(texts map[int]string) {
	end := w.size
	for at, text := range texts {
		end = max(end, at-1+len(text))
	}
	if w.size > 0 && end > w.size {
		w.err = fmt.Errorf("texts reach to %d, a record to %d", end, w.size)
		return
	}
	record := bytes.Repeat([]byte{' '}, end)
	for at, text := range texts {
		copy(record[at-1:], text)
	}
	encoded, err := w.encoding.encode(string(record))
	if err != nil {
		w.err = err
		return
	}
	w.data.Write(encoded)
	switch {
	case w.newlines && w.encoding == EBCDIC:
		w.data.WriteByte(0x15) // NEL
	case w.newlines:
		w.data.WriteByte('\n')
	}
}
