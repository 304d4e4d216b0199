package fixedwidth

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"parallax/sources/settlement/decode"
)

// New returns the reader of files in a layout; the error is the layout's.
//
// A file as a whole fails on a header or trailer that the layout requires and the file lacks, on anything behind the trailer,
// on a record that ends early, and on totals that do not agree (decode.ErrControlTotal). A line whose amount cannot be
// read is rejected; sums over it cannot be checked then, and Summary.Totals says so.
//
// Summary.Records counts records: those of lines, rejected and administrative ones, and, counted in Summary.Totals,
// continuations, headers and trailers.
func New(l Layout) (decode.Func, error) {
	if err := l.Validate(); err != nil {
		return nil, err
	}
	p := newPlan(l)
	return func(c decode.Content, name, feed string, yield decode.Yield) (decode.Summary, error) {
		r, err := c()
		if err != nil {
			return decode.Summary{}, decode.At(name, "record", 0, err)
		}
		defer r.Close() //nolint:errcheck // read only
		d := decoder{plan: p, name: name, feed: feed, yield: yield, frames: newFrames(r, l), counters: make([]counter, len(p.totals)), sums: decode.Sums{}}
		d.dated(decode.DateInName(name))
		err = d.decode()
		d.finish()
		if stop := (decode.StopError{}); errors.As(err, &stop) {
			return d.out, stop.Err
		}
		if err != nil {
			return d.out, decode.At(name, d.unit(), d.frames.number, err)
		}
		return d.out, nil
	}, nil
}

type decoder struct {
	*plan
	name, feed    string
	yield         decode.Yield
	frames        *frames
	transaction                 // the one being read
	same          []byte        // of its first record, what its continuations have too
	continued     []*recordPlan // the records that have continued it
	businessDate  string
	fileDate      time.Time
	counters      []counter
	continuations int64
	ends          int64 // headers and trailers
	done          bool  // the trailer has been read
	sums          decode.Sums
	out           decode.Summary
}

// counter is what has been counted for one total.
type counter struct {
	n      int64
	unread int64 // lines whose amount could not be read
}

func (d *decoder) unit() string {
	if d.Length == 0 {
		return "line"
	}
	return "record"
}

func (d *decoder) dated(day string) {
	if t, err := time.Parse(time.DateOnly, day); err == nil {
		d.fileDate, d.businessDate = t, day
	}
}

func (d *decoder) decode() error {
	for {
		rec, err := d.frames.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil && d.done && blank(rec) {
			continue // filled up to the size of a block
		}
		if err == nil && d.done {
			err = errors.New("follows the trailer")
		}
		if err == nil {
			d.out.Records++
			err = d.record(rec)
		}
		if err != nil {
			return err
		}
	}
	if err := d.endTransaction(); err != nil {
		return err
	}
	switch trailer := d.find(Trailer); {
	case d.out.Records == 0:
		return errors.New("file holds no record")
	case trailer != nil && !trailer.Optional && !d.done:
		return fmt.Errorf("%w: the file ends here without a trailer (%s)", decode.ErrControlTotal, trailer.Name)
	}
	return nil
}

func (d *decoder) find(role Role) *recordPlan {
	for i := range d.records {
		if d.records[i].Role == role {
			return &d.records[i]
		}
	}
	return nil
}

// record reads one record. Only what spoils the whole file is an error.
func (d *decoder) record(rec []byte) error {
	r := d.of(rec)
	if d.out.Records == 1 {
		if header := d.find(Header); header != nil && !header.Optional && r != header {
			return fmt.Errorf("is not a header (%s)", header.Name)
		}
	}
	for i := range d.totals {
		if d.totals[i].Of == CountRecords {
			d.counters[i].n++
		}
	}
	if r == nil || r.Role != Continuation {
		if err := d.endTransaction(); err != nil {
			return err
		}
	}
	if r == nil {
		d.out.Reject(d.frames.number, errors.New("record is of no type that the layout knows"))
		return nil
	}
	if len(rec) < r.need && !d.Short {
		err := fmt.Errorf("record %s has %d bytes, its fields need %d", r.Name, len(rec), r.need)
		if d.frames.cut || r.Role == Header || r.Role == Trailer || r.Role == BatchTrailer {
			return err
		}
		return d.bad(r, err)
	}
	switch r.Role {
	case Header:
		d.ends++
		return d.header(r, rec)
	case Trailer, BatchTrailer:
		d.ends++
		return d.trailer(r, rec)
	case Skip:
		d.out.Admin++
		return nil
	case Continuation:
		return d.continuation(r, rec)
	}
	d.begin(rec)
	d.read(r, rec)
	return nil
}

// bad is a record of a line that is too short.
func (d *decoder) bad(r *recordPlan, err error) error {
	if r.Role == Continuation && d.open {
		d.continuations++
		d.fail(d.frames.number, err)
		return nil
	}
	if r.Role == Line {
		d.begin(nil)
		d.fail(d.frames.number, err)
		return nil
	}
	d.out.Reject(d.frames.number, err)
	return nil
}

func (d *decoder) continuation(r *recordPlan, rec []byte) error {
	if !d.open || !bytes.Equal(d.same, d.common(rec)) {
		d.out.Reject(d.frames.number, fmt.Errorf("record %s continues no line", r.Name))
		return d.endTransaction()
	}
	d.continuations++
	if len(r.fields) > 0 && slices.Contains(d.continued, r) {
		d.fail(d.frames.number, fmt.Errorf("record %s stands twice in one line", r.Name))
		return nil
	}
	d.continued = append(d.continued, r)
	d.read(r, rec)
	return nil
}

func (d *decoder) common(rec []byte) []byte {
	if d.Same == nil {
		return nil
	}
	return at(rec, d.Same.At-1, d.Same.At-1+d.Same.Length)
}

func (d *decoder) header(r *recordPlan, rec []byte) error {
	if d.out.Records > 1 {
		return fmt.Errorf("is a second header (%s)", r.Name)
	}
	for i := range r.fields {
		f := &r.fields[i]
		if err := d.headerField(f, at(rec, f.from, f.to)); err != nil {
			return &decode.FieldError{Field: f.name, Err: err}
		}
	}
	return nil
}

func (d *decoder) headerField(f *fieldPlan, raw []byte) error {
	switch f.name {
	case "business_date":
		if len(raw) != len(f.Format) {
			return errDate
		}
		day, err := parseDate(raw, f.Format, d.fileDate)
		if err == nil && day.IsZero() {
			err = errDate
		}
		if err != nil {
			return err
		}
		d.dated(day.Format(time.DateOnly))
	case "sequence":
		n, err := digits(raw)
		if err != nil {
			return err
		}
		d.out.Sequence = n
	default:
		id, err := d.text(raw)
		if err != nil {
			return err
		}
		d.out.FileID = id
	}
	return nil
}

// finish completes the summary.
func (d *decoder) finish() {
	d.out.Date(d.businessDate)
	if d.out.Totals == nil {
		d.out.Totals = map[string]string{}
	}
	d.sums.Into(d.out.Totals, "computed")
	d.out.Totals["headers and trailers"] = strconv.FormatInt(d.ends, 10)
	d.out.Totals["continuations"] = strconv.FormatInt(d.continuations, 10)
	if d.Note != "" {
		d.out.Totals["layout"] = d.Name + ": " + d.Note
	}
}
