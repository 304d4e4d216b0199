package ipm

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"parallax/internal/pan"
	"parallax/sources/settlement/decode"
)

// maxLogical is how many logical files one physical file may hold.
const maxLogical = 100

// logical is one logical file: what stands between a header and its trailer.
type logical struct {
	id           string // PDS0105
	businessDate string // YYYY-MM-DD
	sent         bool   // it goes to the network; else it comes from there
	reversed     bool   // it reverses an earlier file as a whole
	messages     int64  // with header and trailer
	sum          int64  // of DE4, unsigned, whatever the currency
	rejectedSum  int64  // the part of it that is in rejects
	ended        bool   // the trailer has been read
	stated       struct{ messages, sum int64 }
	admin        map[string]int64 // administrative messages by type and function
}

// known are the administrative messages that are counted one by one.
var known = map[int]string{
	680: "1644/680 file currency summary", 685: "1644/685 financial position", 688: "1644/688 settlement position",
	693: "1644/693 text", 696: "1644/696 addendum",
}

func (f *logical) administrative(function int) {
	name, ok := known[function]
	if !ok {
		name = "1644/other"
	}
	if f.admin == nil {
		f.admin = map[string]int64{}
	}
	f.admin[name]++
}

// header reads the first message of a logical file.
//
// PDS0105 is the file's id: type (3), reference date YYMMDD, processor (11), sequence (5). Type 002 is a file that a member
// sends; 001 and any other comes from the network. The sequence is no number that goes up by one, so that no gap can be told
// from it.
func (d *decoder) header() error {
	m := &d.msg
	switch {
	case m.mti == 1644 && m.function == 697:
	case d.out.Records == 0:
		return errors.New("is not a file header (1644/697)")
	default:
		return errors.New("follows the trailer and is not a file header (1644/697)")
	}
	if err := m.parsePDS(); err != nil {
		return err
	}
	if len(d.files) == maxLogical {
		return fmt.Errorf("is the header of logical file %d, more than %d are not read", maxLogical+1, maxLogical)
	}
	f := logical{messages: 1, businessDate: d.dateInName}
	var err error
	if f.id, err = d.readFileID(); err != nil {
		return &decode.FieldError{Field: "PDS0105", Err: err}
	}
	if d.ids[f.id] {
		return &decode.FieldError{Field: "PDS0105", Err: errors.New("is the file id of an earlier logical file of this file")}
	}
	if len(f.id) == 25 {
		if day, err := time.Parse("060102", f.id[3:9]); err == nil {
			f.businessDate = day.Format(time.DateOnly)
		}
	}
	f.sent = strings.HasPrefix(f.id, "002")
	f.reversed = m.marked(pdsFileReversal)
	if raw := m.element[4]; raw != nil {
		if f.sum, err = m.charset.number(raw); err != nil {
			return &decode.FieldError{Field: "DE4", Err: err}
		}
	}
	if len(d.files) == 0 {
		d.out.BusinessDates = nil // what the file says is better than its name
	}
	d.out.Date(f.businessDate)
	d.ids[f.id], d.inside = true, true
	d.files = append(d.files, f)
	return nil
}

func (d *decoder) readFileID() (string, error) {
	raw := d.msg.pds[pdsFileID]
	if raw == nil {
		return "", errors.New("is missing")
	}
	id, err := d.msg.charset.text(raw)
	if err != nil || id == "" || len(id) > maxText {
		return "", errors.New("is no file id")
	}
	return pan.Mask(id), nil
}

// marked reports whether a subelement begins with R, for reversal.
func (m *message) marked(slot int) bool {
	raw := m.pds[slot]
	return len(raw) > 0 && m.charset.char[raw[0]] == 'R'
}

// trailer holds the stated totals against the computed ones.
func (d *decoder) trailer(f *logical) error {
	if d.msg.pds[pdsFileID] != nil {
		if id, err := d.readFileID(); err != nil || id != f.id {
			return &decode.FieldError{Field: "PDS0105", Err: fmt.Errorf("%w: the trailer's file id is not the header's", decode.ErrControlTotal)}
		}
	}
	var err error
	if f.stated.messages, err = d.total(306, pdsCount); err != nil {
		return err
	}
	if f.stated.sum, err = d.total(301, pdsSum); err != nil {
		return err
	}
	f.ended, d.inside = true, false
	if f.stated.messages != f.messages {
		return &decode.FieldError{Field: "PDS0306", Err: fmt.Errorf("%w: %s messages stated, %d read", decode.ErrControlTotal, figure(f.stated.messages), f.messages)}
	}
	if f.stated.sum != f.sum {
		return &decode.FieldError{Field: "PDS0301", Err: fmt.Errorf("%w: sum of DE4 stated as %s, read as %s", decode.ErrControlTotal, figure(f.stated.sum), figure(f.sum))}
	}
	return nil
}

// figure writes a number that a file states. Any digits may stand there: what could be a card number is truncated.
func figure(n int64) string { return pan.Mask(strconv.FormatInt(n, 10)) }

func (d *decoder) total(tag, slot int) (int64, error) {
	raw := d.msg.pds[slot]
	if raw == nil {
		return 0, &decode.FieldError{Field: namePDS(tag), Err: fmt.Errorf("%w: is missing", decode.ErrControlTotal)}
	}
	n, err := d.msg.charset.number(raw)
	if err != nil {
		return 0, &decode.FieldError{Field: namePDS(tag), Err: fmt.Errorf("%w: %w", decode.ErrControlTotal, err)}
	}
	return n, nil
}

// fileID is the ids of all logical files, joined by a plus sign.
func (d *decoder) fileID() string {
	ids := make([]string, 0, len(d.files))
	for _, f := range d.files {
		ids = append(ids, f.id)
	}
	return strings.Join(ids, "+")
}

// totals are those of all logical files, each named by its file id where there are several.
func (d *decoder) totals() map[string]string {
	if len(d.files) == 0 {
		return nil
	}
	out := map[string]string{}
	if d.unmarked {
		out["end mark"] = "missing"
	}
	for _, f := range d.files {
		of := ""
		if len(d.files) > 1 {
			of = " of " + f.id
		}
		set := func(name string, n int64) { out[name+of] = figure(n) }
		set("computed messages", f.messages)
		set("computed sum of DE4", f.sum)
		if f.ended {
			set("stated messages", f.stated.messages)
			set("stated sum of DE4", f.stated.sum)
		}
		if f.rejectedSum > 0 {
			set("rejected sum of DE4", f.rejectedSum)
		}
		for name, n := range f.admin {
			set("messages "+name, n)
		}
	}
	return out
}
