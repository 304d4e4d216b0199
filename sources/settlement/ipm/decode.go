package ipm

import (
	"errors"
	"fmt"
	"io"

	"parallax/internal/record"
	"parallax/sources/settlement/decode"
)

// Decode reads a clearing file in ASCII or EBCDIC, 1014-blocked or not, and yields its settlement lines in file order. It is
// a decode.Func.
//
// Each logical file begins with a header (1644/697) and ends with a trailer (1644/695), and the trailer's totals must agree:
// PDS0301 is the unsigned sum of DE4 over its messages, PDS0306 their number with header and trailer. Anything else is an
// error of the file, and so is a DE4 that is no number, for no sum can be proven then.
//
// An end mark may be missing behind a single logical file, whose trailer shows that it is whole; the totals then say "end mark:
// missing". Behind several it may not: a file cut between two of them would look just so.
//
// A message that cannot be understood otherwise is a reject: its record and its amount are in the totals, so that nothing
// hides behind it. What the network itself rejected (1644/691 and the message behind it, 1644/699) is a reject too.
func Decode(c decode.Content, name, feed string, yield decode.Yield) (decode.Summary, error) {
	return read(c, name, feed, nil, yield)
}

// read decodes in the given alphabet, or in the one of the first message type.
func read(c decode.Content, name, feed string, given *charset, yield decode.Yield) (decode.Summary, error) {
	in, blocked, err := open(c)
	if err != nil {
		return decode.Summary{}, decode.At(name, "record", 0, err)
	}
	defer in.Close() //nolint:errcheck // read only
	d := decoder{
		name: name, feed: feed, records: newRecordReader(in, blocked), charset: given, yield: yield,
		currencies: iso4217(), ids: map[string]bool{},
	}
	d.dateInName = decode.DateInName(name)
	d.out.Date(d.dateInName)
	err = d.decode()
	d.out.FileID, d.out.Totals = d.fileID(), d.totals()
	return d.out, err
}

type decoder struct {
	name, feed string
	records    *recordReader
	charset    *charset // nil until the first record
	currencies *currencies
	yield      decode.Yield
	msg        message
	out        decode.Summary
	dateInName string // business date, where a header says none

	files    []logical // the last one is being read
	inside   bool      // between a header and its trailer
	ids      map[string]bool
	unmarked bool // the file ended without an end mark
	refused  bool // the message before was a message exception: this one is what the network rejected

	scratch  []byte           // text of the current line
	fees     []record.LineFee // room for fees to come
	settled  settlement       // of the line before: as a rule that of this one too
	business day              // likewise
}

func (d *decoder) decode() error {
	for {
		rec, err := d.records.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = d.record(rec)
		}
		if err != nil {
			if stop := (decode.StopError{}); errors.As(err, &stop) {
				return stop.Err
			}
			return decode.At(d.name, "record", d.out.Records+1, err)
		}
		d.out.Records++
	}
	d.unmarked = !d.records.ended
	switch {
	case d.out.Records == 0:
		return decode.At(d.name, "record", 0, errors.New("file holds no record"))
	case d.inside:
		return decode.At(d.name, "record", d.out.Records, fmt.Errorf("%w: the file ends here without a trailer (1644/695)", decode.ErrControlTotal))
	case d.unmarked && len(d.files) > 1:
		return decode.At(d.name, "record", d.out.Records, errors.New("the file ends here without an end mark: another logical file may be missing"))
	}
	return nil
}

// record reads one record. Its error is the file's; what is wrong with a message alone is a reject.
func (d *decoder) record(rec []byte) (err error) {
	if d.charset == nil {
		if d.charset, err = detectCharset(rec); err != nil {
			return &decode.FieldError{Field: "MTI", Err: err}
		}
	}
	hasAmount := len(rec) >= minRecord && rec[4]&(0x80>>3) != 0
	broken := d.msg.parse(d.charset, rec)
	if !d.inside {
		if broken != nil {
			return broken
		}
		return d.header()
	}
	f := &d.files[len(d.files)-1]
	f.messages++
	refused := d.refused
	d.refused = false
	amount := int64(0)
	if raw := d.msg.element[4]; raw != nil {
		if amount, err = d.charset.number(raw); err != nil {
			return &decode.FieldError{Field: "DE4", Err: err}
		}
		if f.sum, err = decode.Add(f.sum, amount); err != nil {
			return &decode.FieldError{Field: "DE4", Err: err}
		}
	} else if hasAmount {
		return broken // before DE4, so that its amount is not known
	}
	if broken != nil && d.msg.mti == 1644 {
		return broken // perhaps the trailer
	}
	rejected := broken
	if rejected == nil {
		rejected, err = d.message(f, refused)
	}
	if rejected != nil {
		d.out.Reject(d.out.Records+1, rejected)
		f.rejectedSum += amount // a part of f.sum, which does not overflow
	}
	return err
}

// message reads a message between a header and its trailer. rejected is what is wrong with it alone, err what is wrong with
// the file.
func (d *decoder) message(f *logical, refused bool) (rejected, err error) {
	m := &d.msg
	private := m.parsePDS()
	if m.mti == 1644 {
		switch m.function {
		case 697:
			return nil, errors.New("is a second file header (1644/697), before a trailer")
		case 695:
			if private != nil {
				return nil, private
			}
			return nil, d.trailer(f)
		}
		if private == nil {
			private = d.administrative(f)
		}
		return private, nil
	}
	if private == nil && refused {
		private = errors.New("the network rejected this message: it follows a message exception (1644/691)")
	}
	if private != nil {
		return private, nil
	}
	line, err := d.line(f)
	if err != nil {
		return err, nil //nolint:nilerr // the message's, not the file's
	}
	d.out.Lines++
	if err := d.yield(line); err != nil {
		return nil, decode.StopError{Err: err}
	}
	return nil, nil
}

// administrative counts a message without money. What the network rejected is a reject: payments that were sent to it have
// not been settled. Which record of which file it means stands in PDS0138 (source message number) and PDS0280 (source file).
func (d *decoder) administrative(f *logical) error {
	switch d.msg.function {
	case 691:
		d.refused = true
		if n := d.msg.charset.small(d.msg.pds[pdsSourceMessage]); n >= 0 {
			return fmt.Errorf("the network rejected message %d of a file that was sent to it (1644/691)", n)
		}
		return errors.New("the network rejected a message that was sent to it (1644/691)")
	case 699:
		return errors.New("the network rejected a file that was sent to it (1644/699)")
	}
	d.out.Admin++
	f.administrative(d.msg.function)
	return nil
}
