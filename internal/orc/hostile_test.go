package orc

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"parallax/internal/join"
)

// plainSpecs are two columns that hostile files are made of.
var plainSpecs = []spec{
	{"key", codeString, func(_ *rand.Rand, row int) any { return strings.Repeat("k", 5) + string(rune('a'+row%26)) }},
	{"size", codeLong, func(_ *rand.Rand, row int) any { return int64(row) * 7 }},
	{"ratio", codeDouble, func(*rand.Rand, int) any { return 1.5 }},
}

// more appends fields to one of the messages: of a field that comes twice the last one counts.
func more(where string, fields message) func(string, []byte) []byte {
	return func(what string, content []byte) []byte {
		if what == where {
			return append(bytes.Clone(content), fields...)
		}
		return content
	}
}

// instead puts other bytes in the place of those of a stream or message.
func instead(where string, of, with []byte) func(string, []byte) []byte {
	return func(what string, content []byte) []byte {
		if what == where {
			return bytes.Replace(content, of, with, 1)
		}
		return content
	}
}

// only replaces a whole stream.
func only(where string, with []byte) func(string, []byte) []byte {
	return func(what string, content []byte) []byte {
		if what == where {
			return with
		}
		return content
	}
}

func numbered(field int, v uint64) message {
	var m message
	return *m.number(field, v)
}

func nested(field int, inner message) message {
	var m message
	return *m.bytes(field, inner)
}

// TestHostile claims one thing at a time that is not so, or not read.
func TestHostile(t *testing.T) {
	overlapping := numbered(1, 3)
	overlapping.number(5, 0)
	far := numbered(1, 1<<62)
	for _, c := range []struct {
		name   string
		damage func(string, []byte) []byte
		kind   error
		says   string
	}{
		{"more rows than stripes have", more("footer", numbered(6, 21)), ErrDamaged, "footer claims 21 rows, and its stripes have 20"},
		{"fewer rows than stripes have", more("footer", numbered(6, 19)), ErrDamaged, "footer claims 19 rows, and its stripes have more"},
		{"stripes one over the other", more("footer", nested(3, overlapping)), ErrDamaged, "footer places stripe 2 where it cannot be"},
		{"a stripe beyond the file", more("footer", nested(3, far)), ErrDamaged, "footer places stripe 2 where it cannot be"},
		{"an encrypted file", more("footer", nested(10, nil)), ErrUnsupported, "footer says that columns are encrypted"},
		{"no message", only("footer", []byte{0x0f}), ErrDamaged, "footer is no message of protocol buffers"},
		{"no types", only("footer", nil), ErrDamaged, "footer has no types"},
		{"a row that is no struct", only("footer", nested(4, numbered(1, codeLong))), ErrUnsupported, "footer says that a row is no struct"},
		{"a column without a type", only("footer", nested(4, append(numbered(1, codeStruct), append(numbered(2, 1), nested(3, message("a"))...)...))), ErrDamaged, "footer names a type that is not there"},
		{"a column without a name", only("footer", nested(4, append(numbered(1, codeStruct), numbered(2, 1)...))), ErrDamaged, "footer has 1 columns and 0 names"},
		{"a large footer", more("postscript", numbered(1, 1<<40)), ErrDamaged, "footer claims 1099511627776 bytes"},
		{"a large metadata section", more("postscript", numbered(5, 1<<63)), ErrDamaged, "and metadata 1152921504606846975"},
		{"another codec", more("postscript", numbered(2, 4)), ErrUnsupported, "postscript names the compression 4"},
		{"large chunks", more("postscript", numbered(3, 1<<24)), ErrUnsupported, "postscript claims chunks of 16777216 bytes"},
		{"small chunks", more("postscript", numbered(3, 10)), ErrDamaged, "footer has a compressed chunk that is damaged"},
		{"another version", instead("postscript", []byte{0, 12}, []byte{2, 0}), ErrUnsupported, "postscript names version 2"},
		{"no magic", instead("postscript", []byte(magic), []byte("CRO")), ErrDamaged, "postscript is not that of an ORC file"},

		{"encrypted columns", more("stripe footer", nested(4, nil)), ErrUnsupported, "stripe 0 footer says that columns are encrypted"},
		{"a stream twice", more("stripe footer", nested(1, append(numbered(1, 1), numbered(2, 1)...))), ErrDamaged, "stripe 0 footer names a stream twice"},
		{"a stream beyond the stripe", more("stripe footer", nested(1, append(numbered(2, 9), numbered(3, 1<<50)...))), ErrDamaged, "stripe 0 footer places a stream beyond the stripe"},
		{"rows of which it is not said whether they are null", more("stripe footer", nested(1, append(numbered(1, 0), numbered(2, 0)...))), ErrDamaged, "stripe 0 stream PRESENT ends before its time"},
		{"another encoding", instead("stripe footer", []byte{0x12, 4, 8, 2, 16, 0}, []byte{0x12, 4, 8, 4, 16, 0}), ErrUnsupported, "stripe 0 column key has the encoding 4"},
		{"no encodings", only("stripe footer", nil), ErrDamaged, "stripe 0 column key has no encoding"},
		{"a dictionary of numbers", instead("stripe footer", []byte{0x12, 4, 8, 2, 16, 0, 0x12, 4, 8, 2}, []byte{0x12, 4, 8, 2, 16, 0, 0x12, 4, 8, 3}), ErrUnsupported, "stripe 0 column size has a dictionary"},
		{"a dictionary that is none", instead("stripe footer", []byte{0x12, 4, 8, 2, 16, 0}, append([]byte{0x12, 8, 8, 3, 16}, 0xff, 0xff, 0xff, 0xff, 0x0f)), ErrDamaged, "stripe 0 column key stream LENGTH ends before its time"},

		{"too few lengths", only("LENGTH", []byte{0x04, 6}), ErrDamaged, "stripe 0 column key stream LENGTH ends before its time"},
		{"too many lengths", only("LENGTH", []byte{0x07, 6, 0x07, 6}), ErrDamaged, "stripe 0 column key stream LENGTH has more values than there are rows"},
		{"too many lengths in one run", only("LENGTH", []byte{0xc0, 0x0b, 0x06, 0x00}), ErrDamaged, "stripe 0 column key stream LENGTH has more values than there are rows"},
		{"lengths below zero", only("LENGTH", []byte{0xc0, 0x09, 0x02, 0x09}), ErrDamaged, "stripe 0 column key stream LENGTH has a run that is damaged"},
		{"great lengths", only("LENGTH", []byte{0x1f, 0x7f, 0xff, 0xff, 0xff}), ErrDamaged, "stripe 0 column key stream LENGTH has a run that is damaged"},
		{"a great length", only("LENGTH", []byte{0x58, 0x09, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}), ErrDamaged, "stripe 0 column key stream"},
		{"too much text", more("DATA", message("k")), ErrDamaged, "stripe 0 column key stream DATA has more values than there are rows"},
		{"a patch beyond the run", only("LENGTH", []byte{0x8e, 0x09, 0x0b, 0x61, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0xf0, 0xff}), ErrDamaged, "stripe 0 column key stream LENGTH has a run that is damaged"},
		{"an endless number", only("LENGTH", append([]byte{0xc0, 0x09}, bytes.Repeat([]byte{0xff}, 20)...)), ErrDamaged, "stripe 0 column key stream LENGTH has a run that is damaged"},
	} {
		content, _ := write(t, made{rows: 20, stripe: 10, packing: zlib, specs: plainSpecs, damage: c.damage})
		_, err := rowsOf(t, content, []string{"key", "size"}, Options{})
		if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %s", c.name, err, c.says)
		}
	}
}

// TestWholeRows: a stripe may say of its rows that they are there, all of them and no more.
func TestWholeRows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		says string
		bits []byte
	}{
		{"", []byte{0xfe, 0xff, 0xc0}},
		{"PRESENT has rows that are null", []byte{0xfe, 0xff, 0x80}},
		{"PRESENT ends before its time", []byte{0xff, 0xff}},
		{"PRESENT has more values than there", []byte{0xfd, 0xff, 0xff, 0xff}},
		{"PRESENT has more values than there", []byte{0x00, 0xff}},
	} {
		// The stream takes the place of one that is not asked for.
		content, want := write(t, made{rows: 10, specs: plainSpecs, damage: func(what string, content []byte) []byte {
			switch {
			case what == "DATA" && bytes.Count(content, []byte{0}) == len(content): // of ratio
				return c.bits
			case what == "stripe footer":
				at := bytes.LastIndex(content, []byte{0x0a, 6, 8, 1, 16, 3, 24})
				return append(append(bytes.Clone(content[:at]), 0x0a, 6, 8, 0, 16, 0, 24), content[at+7:]...)
			}
			return content
		}})
		got, err := rowsOf(t, content, []string{"key", "size"}, Options{})
		switch {
		case c.says != "" && (err == nil || !strings.Contains(err.Error(), "stripe 0 stream "+c.says)):
			t.Errorf("%v, want %s", err, c.says)
		case c.says == "" && (err != nil || len(got) != len(want)):
			t.Errorf("%d rows: %v", len(got), err)
		}
	}
}

// TestNumbersBeyondTheirType: a smallint has 16 bits and an int 32, whatever the stream could hold.
func TestNumbersBeyondTheirType(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code uint64
		v    int64
		kind error
	}{
		{codeShort, math.MinInt16, nil}, {codeShort, math.MaxInt16, nil}, {codeShort, math.MinInt16 - 1, ErrDamaged}, {codeShort, math.MaxInt16 + 1, ErrDamaged},
		{codeInt, math.MinInt32, nil}, {codeInt, math.MaxInt32, nil}, {codeInt, math.MinInt32 - 1, ErrDamaged}, {codeInt, math.MaxInt32 + 1, ErrDamaged},
	} {
		content, _ := write(t, made{rows: 1, specs: []spec{{"n", c.code, func(*rand.Rand, int) any { return c.v }}}})
		if _, err := rowsOf(t, content, []string{"n"}, Options{}); !errors.Is(err, c.kind) {
			t.Errorf("%d as type %d: %v", c.v, c.code, err)
		}
	}
}

// TestColumnsAskedFor: what cannot be had is an error with its name.
func TestColumnsAskedFor(t *testing.T) {
	t.Parallel()
	specs := append([]spec{{"Key", codeString, plainSpecs[0].value}}, plainSpecs...)
	specs = append(specs, spec{"twice", codeLong, plainSpecs[1].value}, spec{"TWICE", codeLong, plainSpecs[1].value}, spec{"at", codeTimestamp, everySpec[13].value})
	content, want := write(t, made{rows: 3, specs: specs})
	for _, c := range []struct {
		columns []string
		says    string
	}{
		{nil, "no column is asked for"},
		{[]string{"key", "ratio"}, "column ratio is of the type 6, which is not read"},
		{[]string{"none"}, `there is no column "none"`},
		{[]string{"Twice"}, `there are 2 columns "Twice"`},
	} {
		if _, err := rowsOf(t, content, c.columns, Options{}); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: %v", c.columns, err)
		}
	}
	got, err := rowsOf(t, content, []string{"twice", "Key", "SIZE", "key", "key"}, Options{})
	if err != nil || got[2][0] != want[2][4] || got[2][3] != want[2][1] || got[2][4] != want[2][1] {
		t.Errorf("%v, %v", got, err)
	}
	for zone, says := range map[string]string{
		"Local": "names a time zone that is not known", "Mars/Base": "names a time zone that is not known", "../passwd": "names a time zone that is not known",
		"": "does not say in which time zone",
	} {
		content, _ := write(t, made{rows: 3, specs: specs, damage: more("stripe footer", nested(3, message(zone)))})
		if _, err := rowsOf(t, content, []string{"at"}, Options{}); !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), "stripe 0 column at "+says) {
			t.Errorf("zone %q: %v", zone, err)
		}
		if _, err := rowsOf(t, content, []string{"key"}, Options{}); err != nil {
			t.Errorf("zone %q, no time asked for: %v", zone, err)
		}
	}
}

// TestNoORC: files that are something else, or not whole.
func TestNoORC(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"", "O", "ORC", "ORC\x00", "ORC\xff", "PAR1PAR1", "plain text that is long enough", "ORC" + strings.Repeat("\x05", 300)} {
		if _, err := rowsOf(t, []byte(content), []string{"key"}, Options{}); !errors.Is(err, ErrDamaged) {
			t.Errorf("%q: %v", content, err)
		}
	}
	whole, _ := write(t, made{rows: 20, packing: snappied, specs: plainSpecs})
	for n := range whole {
		if _, err := rowsOf(t, whole[:n], []string{"key"}, Options{}); err == nil {
			t.Errorf("the first %d of %d bytes are read", n, len(whole))
		}
	}
}

// TestMemory: a file asks for more than is allowed, and claims more than it has.
func TestMemory(t *testing.T) {
	long := spec{"key", codeString, func(rng *rand.Rand, _ int) any { return strings.Repeat(string(rune('a'+rng.IntN(26))), 60_000) + "x" }}
	for _, dict := range []bool{true, false} {
		content, want := write(t, made{rows: 200, packing: zlib, dict: dict, specs: []spec{long}})
		if _, err := rowsOf(t, content, []string{"key"}, Options{Memory: 1 << 20}); !errors.Is(err, ErrLimit) || !strings.Contains(err.Error(), "the limit of 1048576 bytes") {
			t.Errorf("dictionary %t: %v", dict, err)
		}
		got, err := rowsOf(t, content, []string{"key"}, Options{Memory: 64 << 20})
		if err != nil {
			t.Fatal(err)
		}
		compare(t, "within the limit", got, want)
	}
	// Stripes do not add up: each uses the buffers of the one before.
	content, _ := write(t, made{rows: 20_000, stripe: 100, packing: zlib, chunk: 4096, nulls: 5, dict: true, specs: everySpec})
	if _, err := rowsOf(t, content, readable(), Options{Memory: 6 << 20}); err != nil {
		t.Error(err)
	}
}

// TestClaimsOfChunks: a chunk of a few bytes that claims megabytes is refused before anything is allocated for them.
func TestClaimsOfChunks(t *testing.T) {
	zeros := make([]byte, maxChunk)
	w := &writer{made: made{with: &packers{}}, t: t}
	for name, c := range map[string]struct {
		packing packing
		chunk   []byte
	}{
		"snappy": {snappied, append(binary.AppendUvarint(nil, maxChunk), 0, 'x')},
		"zstd":   {zstandard, []byte{0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0x80, 0, 0x01, 0, 0, 'x'}},
		"zlib":   {zlib, []byte{0x03}},
	} {
		var before, after runtime.MemStats
		m, u := newMemory(0), newUnpacker(c.packing)
		runtime.ReadMemStats(&before)
		_, err := u.unpack(m, nil, c.chunk, maxChunk)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; !errors.Is(err, ErrDamaged) || used > 1<<20 {
			t.Errorf("%s: %v, %d bytes allocated", name, err, used)
		}
		// What decompresses to more than a chunk may have is refused too, and what is just as large is not.
		w.packing, w.rng = c.packing, rand.New(rand.NewPCG(1, 1))
		packed := w.compressed(zeros)
		if got, err := u.unpack(m, nil, packed, len(zeros)); err != nil || !bytes.Equal(got, zeros) {
			t.Errorf("%s: a full chunk: %v", name, err)
		}
		if _, err := u.unpack(m, nil, packed, len(zeros)-1); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: more than a chunk: %v", name, err)
		}
		if _, err := u.unpack(m, nil, append(packed, 0), len(zeros)); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: a chunk and something more: %v", name, err)
		}
	}
}

// TestManyOfNothing: a footer of a few kilobytes that decompresses to millions of empty stripes, types, names or numbers, and a
// stripe that names more streams and encodings than there are columns, are refused before there is room for them.
func TestManyOfNothing(t *testing.T) {
	twelve := bytes.Repeat(numbered(2, 1), 12<<20/2)
	for name, c := range map[string]struct {
		where string
		more  message
		says  error
	}{
		"stripes":   {"footer", bytes.Repeat(nested(3, nil), 12<<20/2), ErrDamaged},
		"types":     {"footer", bytes.Repeat(nested(4, nil), 12<<20/2), ErrUnsupported},
		"children":  {"footer", nested(4, twelve), ErrLimit},
		"packed":    {"footer", nested(4, nested(2, make(message, 12<<20))), ErrLimit},
		"names":     {"footer", nested(4, bytes.Repeat(nested(3, nil), 12<<20/2)), ErrLimit},
		"encodings": {"stripe footer", bytes.Repeat(nested(2, nil), 12<<20/2), ErrDamaged},
	} {
		content, _ := write(t, made{rows: 20, packing: zlib, chunk: 4 << 20, specs: plainSpecs, damage: more(c.where, c.more)})
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := rowsOf(t, content, []string{"key"}, Options{})
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; !errors.Is(err, c.says) || used > 150<<20 || len(content) > 100_000 {
			t.Errorf("%s, a file of %d bytes: %v, %d bytes allocated", name, len(content), err, used)
		}
	}
}

// TestStops: a scan notices that its context has ended, and says why.
func TestStops(t *testing.T) {
	t.Parallel()
	content, _ := write(t, made{rows: 20_000, specs: plainSpecs})
	f, err := OpenReaderAt(bytes.NewReader(content), int64(len(content)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	why := errors.New("no longer wanted")
	ctx, stop := context.WithCancelCause(t.Context())
	batches := 0
	err = f.Scan(ctx, []string{"key"}, func(*join.Batch) error {
		batches++
		stop(why)
		return nil
	})
	if !errors.Is(err, why) || batches != 1 {
		t.Errorf("%d batches: %v", batches, err)
	}
}
