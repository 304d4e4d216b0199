package inventory

import (
	"fmt"

	"parallax/internal/join"
	"parallax/internal/record"
)

// maxMillis is the last moment that a note can name, in the year 2527.
const maxMillis = 1<<44 - 1

// maxKey is how many bytes a key may have. Source: Amazon S3 User Guide, "Naming Amazon S3 objects".
const maxKey = 1024

// The bits of a note that truth values come to.
var (
	noteLatest    = record.Object{IsLatest: true}.Note()
	noteMarker    = record.Object{DeleteMarker: true}.Note()
	noteMultipart = record.Object{Multipart: true}.Note()
)

// assembler makes rows of columns, and refuses what cannot be a row of the bucket's list.
type assembler struct {
	bucket string
	asOf   int64 // milliseconds since 1970: what is younger is left out
	number int64 // rows before those at hand
	newer  int64 // rows that were left out

	rows  Rows
	empty []join.Span
	words [fieldCount]words
}

func newAssembler(bucket string, asOf int64) *assembler {
	a := &assembler{bucket: bucket, asOf: asOf}
	a.words[fieldReplication] = newWords(func(s string) record.ObjectNote { return record.Object{ReplicationStatus: statusOf(s)}.Note() })
	a.words[fieldClass] = newWords(func(s string) record.ObjectNote { return record.Object{StorageClass: s}.Note() })
	a.words[fieldEncryption] = newWords(func(s string) record.ObjectNote { return record.Object{Encryption: s}.Note() })
	a.words[fieldAlgorithm] = newWords(func(s string) record.ObjectNote { return record.Object{ChecksumAlgorithm: s}.Note() })
	return a
}

// statusOf knows the two spellings of one status.
func statusOf(status string) string {
	if status == "COMPLETE" {
		return "COMPLETED"
	}
	return status
}

// assemble makes rows. They are valid until the next call.
func (a *assembler) assemble(c *columns) (*Rows, error) {
	a.rows.Len = c.rows
	if err := a.owned(&c.of[fieldBucket]); err != nil {
		return nil, err
	}
	a.rows.Key, a.rows.Version, a.rows.ETag = a.texts(c, fieldKey), a.texts(c, fieldVersion), a.texts(c, fieldETag)
	for i, at := range a.rows.Key.Texts[:c.rows] {
		switch n := at.End - at.Start; {
		case n == 0:
			return nil, a.wrong(i, fieldKey, "is empty")
		case n > maxKey:
			return nil, a.wrong(i, fieldKey, "is longer than a key can be")
		}
	}
	unname(&a.rows.Version)
	unquote(&a.rows.ETag)
	if err := a.notes(c); err != nil {
		return nil, err
	}
	if err := a.sizes(c); err != nil {
		return nil, err
	}
	a.number += int64(c.rows)
	a.cut()
	return &a.rows, nil
}

// wrong says which row is damaged, never what it holds.
func (a *assembler) wrong(i int, f field, what string) error {
	return &damageError{fmt.Sprintf("row %d: field %s %s", a.number+int64(i)+1, fieldNames[f], what)}
}

// owned checks that each row is of the bucket.
func (a *assembler) owned(col *join.Column) error {
	last := join.Span{Start: 1} // no text ends before it begins
	for i, at := range col.Texts[:a.rows.Len] {
		if at == last {
			continue
		}
		if got := col.Data[at.Start:at.End]; string(got) != a.bucket {
			return &damageError{fmt.Sprintf("row %d is of bucket %.64q, not %q", a.number+int64(i)+1, got, a.bucket)}
		}
		last = at
	}
	return nil
}

// texts is a column of texts in which there is "" where a row has none.
func (a *assembler) texts(c *columns, f field) join.Column {
	if !c.has[f] {
		a.empty = resized(a.empty, c.rows)
		clear(a.empty)
		return join.Column{Texts: a.empty}
	}
	col := c.of[f]
	col.Texts = col.Texts[:c.rows]
	if col.Nulls != nil {
		for i := range c.rows {
			if col.Nulls[i] {
				col.Texts[i] = join.Span{}
			}
		}
		col.Nulls = nil
	}
	return col
}

// unname gives the null version, which S3 leaves empty, one spelling: other stores name it.
func unname(col *join.Column) {
	for i, at := range col.Texts {
		if at.End-at.Start == 4 && string(col.Data[at.Start:at.End]) == "null" {
			col.Texts[i] = join.Span{}
		}
	}
}

// unquote takes the quotes off ETags: S3 lists them without, other stores with them.
func unquote(col *join.Column) {
	for i, at := range col.Texts {
		if at.End-at.Start >= 2 && col.Data[at.Start] == '"' && col.Data[at.End-1] == '"' {
			col.Texts[i] = join.Span{Start: at.Start + 1, End: at.End - 1}
		}
	}
}

// notes packs everything but the texts and the size.
func (a *assembler) notes(c *columns) error {
	a.rows.Notes = resized(a.rows.Notes, c.rows)
	notes := a.rows.Notes
	modified := &c.of[fieldModified]
	for i, at := range modified.Ints[:c.rows] {
		if at < 0 || at > maxMillis || modified.Nulls != nil && modified.Nulls[i] {
			return a.wrong(i, fieldModified, "is empty or no time an object can have")
		}
		notes[i] = record.ObjectNote(at)
	}
	if err := a.latest(c); err != nil {
		return err
	}
	if c.has[fieldMarker] {
		mark(notes, c.of[fieldMarker].Ints, noteMarker)
	}
	if c.has[fieldMultipart] {
		mark(notes, c.of[fieldMultipart].Ints, noteMultipart)
	}
	for f := range a.words {
		if w := &a.words[f]; w.note != nil && c.has[f] {
			w.add(notes, &c.of[f])
		}
	}
	return nil
}

// latest marks the current versions: all of them in a list that has no others.
func (a *assembler) latest(c *columns) error {
	notes, col := a.rows.Notes, &c.of[fieldLatest]
	if !c.has[fieldVersion] || !c.has[fieldLatest] {
		for i := range notes {
			notes[i] |= noteLatest
		}
		return nil
	}
	for i := range notes {
		if col.Nulls != nil && col.Nulls[i] {
			return a.wrong(i, fieldLatest, "is empty")
		}
	}
	mark(notes, col.Ints, noteLatest)
	return nil
}

// mark sets a bit where a truth value, which is 0 where there is none, is true.
func mark(notes []record.ObjectNote, values []int64, bit record.ObjectNote) {
	for i, v := range values[:len(notes)] {
		notes[i] |= bit & -record.ObjectNote(v&1)
	}
}

// sizes takes the sizes over. Only a delete marker has none.
func (a *assembler) sizes(c *columns) error {
	a.rows.Size = resized(a.rows.Size, c.rows)
	col := &c.of[fieldSize]
	for i, v := range col.Ints[:c.rows] {
		switch {
		case a.rows.Notes[i].Marker():
			v = 0
		case v < 0 || col.Nulls != nil && col.Nulls[i]:
			return a.wrong(i, fieldSize, "is not a number of bytes")
		}
		a.rows.Size[i] = v
	}
	return nil
}

// cut leaves out what is younger than the moment the audit speaks for.
func (a *assembler) cut() {
	kept := 0
	for i, n := range a.rows.Notes {
		if n.Millis() > a.asOf {
			continue
		}
		if kept != i {
			a.rows.keep(kept, i)
		}
		kept++
	}
	if kept == a.rows.Len {
		return
	}
	a.newer += int64(a.rows.Len - kept)
	r := &a.rows
	r.Len, r.Size, r.Notes = kept, r.Size[:kept], r.Notes[:kept]
	r.Key.Texts, r.Version.Texts, r.ETag.Texts = r.Key.Texts[:kept], r.Version.Texts[:kept], r.ETag.Texts[:kept]
}

// words turns the texts of a column that has few different ones into bits of notes.
type words struct {
	note  func(string) record.ObjectNote
	known map[string]noted
	last  noted // of the row before
}

type noted struct {
	word string
	bits record.ObjectNote
}

// maxWords is how many different words of a column are remembered; S3 has about a dozen.
const maxWords = 64

func newWords(note func(string) record.ObjectNote) words {
	return words{note: note, known: map[string]noted{}}
}

func (w *words) add(notes []record.ObjectNote, col *join.Column) {
	last := join.Span{Start: 1} // no text ends before it begins
	for i, at := range col.Texts[:len(notes)] {
		if at != last {
			last = at
			w.look(col.Data[at.Start:at.End])
		}
		notes[i] |= w.last.bits
	}
}

// look finds the bits of a word.
func (w *words) look(text []byte) {
	if string(text) == w.last.word {
		return
	}
	found, ok := w.known[string(text)]
	if !ok {
		found = noted{string(text), w.note(string(text))}
		if len(w.known) < maxWords {
			w.known[found.word] = found
		}
	}
	w.last = found
}

func resized[T any](s []T, n int) []T {
	if cap(s) < n {
		s = make([]T, n+n/8)
	}
	return s[:n]
}
