package orc

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/encoding/protowire"
)

// spec is a column of a file that a test writes. Its values are string, int64, bool, time.Time or nil.
type spec struct {
	name  string
	code  uint64
	value func(rng *rand.Rand, row int) any
}

// made says how a test writes a file.
type made struct {
	seed    uint64
	rows    int
	stripe  int // rows of one
	packing packing
	chunk   int
	v1      bool
	dict    bool     // texts have dictionaries
	dicts   []string // or these have
	nulls   int      // one in so many values is NULL
	zone    string
	specs   []spec
	// damage changes what is written, before it is compressed.
	damage func(what string, content []byte) []byte
	with   *packers
}

// message is one of protocol buffers.
type message []byte

func (m *message) number(field int, v uint64) *message {
	*m = protowire.AppendVarint(protowire.AppendTag(*m, protowire.Number(field), protowire.VarintType), v)
	return m
}

func (m *message) bytes(field int, b []byte) *message {
	*m = protowire.AppendBytes(protowire.AppendTag(*m, protowire.Number(field), protowire.BytesType), b)
	return m
}

// writer writes a file, and keeps what a reader must make of it.
type writer struct {
	made
	t    testing.TB
	rng  *rand.Rand
	out  []byte
	want [][]string
}

// packers are what compresses; making them anew takes longer than what they are made for.
type packers struct {
	flate *flate.Writer
	zstd  *zstd.Encoder
}

// null is how tests show that there is no value.
const null = "\x00NULL"

// write returns the file and its rows as texts.
func write(t testing.TB, m made) ([]byte, [][]string) {
	t.Helper()
	if m.chunk == 0 {
		m.chunk = defaultChunk
	}
	if m.stripe == 0 {
		m.stripe = m.rows
	}
	if m.zone == "" {
		m.zone = "UTC"
	}
	if m.with == nil {
		m.with = &packers{}
	}
	w := &writer{made: m, t: t, rng: rand.New(rand.NewPCG(m.seed, 1)), out: []byte(magic), want: make([][]string, m.rows)}
	var footer message
	footer.number(1, 3)
	for from := 0; from < m.rows; from += m.stripe {
		footer.bytes(3, w.stripeOf(from, min(from+m.stripe, m.rows)))
	}
	footer.number(2, uint64(len(w.out)))
	footer = append(footer, w.types()...)
	footer.number(6, uint64(m.rows)).number(9, 1).number(8, 0)
	packed := w.pack("footer", footer)
	var post message
	post.number(1, uint64(len(packed))).number(2, uint64(m.packing)).number(3, uint64(m.chunk))
	post.bytes(4, []byte{0, map[bool]byte{true: 11, false: 12}[m.v1]}).number(5, 0).bytes(8000, []byte(magic))
	if m.damage != nil {
		post = m.damage("postscript", post)
	}
	w.out = append(append(w.out, packed...), post...)
	return append(w.out, byte(len(post))), w.want
}

func (w *writer) types() message {
	var all, root message
	root.number(1, codeStruct)
	for i, s := range w.specs {
		root.number(2, uint64(i+1)).bytes(3, []byte(s.name))
	}
	all.bytes(4, root)
	for _, s := range w.specs {
		var m message
		all.bytes(4, *m.number(1, s.code))
	}
	return all
}

// stripeOf writes a stripe and returns what the footer says of it.
func (w *writer) stripeOf(from, to int) message {
	start := len(w.out)
	var footer, encodings, m message
	encodings.bytes(2, *m.number(1, 0))
	for i, s := range w.specs {
		streams, encoding := w.column(s, from, to)
		for _, kind := range []streamKind{present, data, lengths, dictionary, secondary} {
			content, there := streams[kind]
			if !there {
				continue
			}
			packed := w.pack(kind.String(), content)
			w.out = append(w.out, packed...)
			var m message
			footer.bytes(1, *m.number(1, uint64(kind)).number(2, uint64(i+1)).number(3, uint64(len(packed))))
		}
		encodings.bytes(2, encoding)
	}
	footer = append(footer, encodings...)
	footer.bytes(3, []byte(w.zone))
	body := len(w.out) - start
	packed := w.pack("stripe footer", footer)
	w.out = append(w.out, packed...)
	m = nil
	m.number(1, uint64(start)).number(2, 0).number(3, uint64(body)).number(4, uint64(len(packed))).number(5, uint64(to-from))
	return m
}

// column makes the values of a column, its streams and its encoding.
func (w *writer) column(s spec, from, to int) (map[streamKind][]byte, message) {
	var there []bool
	var values []any
	for row := from; row < to; row++ {
		v := s.value(w.rng, row)
		if w.nulls > 0 && w.rng.IntN(w.nulls) == 0 {
			v = nil
		}
		w.want[row] = append(w.want[row], textOf(v))
		there = append(there, v != nil)
		if v != nil {
			values = append(values, v)
		}
	}
	kind := uint64(0)
	if !w.v1 {
		kind = encodedV2
	}
	streams := map[streamKind][]byte{}
	words := 0
	switch s.code {
	case codeBoolean:
		streams[data], kind = encodeBits(w.rng, as[bool](values)), 0
	case codeByte:
		var b []byte
		for _, v := range as[int64](values) {
			b = append(b, byte(v))
		}
		streams[data], kind = encodeOctets(w.rng, b), 0
	case codeTimestamp, codeInstant:
		w.times(streams, as[time.Time](values), s.code == codeInstant)
	case codeString, codeVarchar, codeChar:
		if w.dict || slices.Contains(w.dicts, s.name) {
			words, kind = w.dictionary(streams, as[string](values)), kind|encodedDict
			break
		}
		var sizes []int64
		for _, text := range as[string](values) {
			streams[data] = append(streams[data], text...)
			sizes = append(sizes, int64(len(text)))
		}
		streams[lengths] = encodeInts(w.rng, sizes, !w.v1, false)
	case codeDouble:
		streams[data], kind = make([]byte, 8*len(values)), 0
	default:
		streams[data] = encodeInts(w.rng, as[int64](values), !w.v1, true)
	}
	if slices.Contains(there, false) || w.rng.IntN(3) == 0 {
		streams[present] = encodeBits(w.rng, there)
	}
	var m message
	return streams, *m.number(1, kind).number(2, uint64(words))
}

const codeDouble = 6

// times writes times as the specification and its Java and C++ writers have them: before 1970 seconds are cut off towards
// zero if there is a millisecond or more.
func (w *writer) times(streams map[streamKind][]byte, values []time.Time, instant bool) {
	zone := time.UTC
	if !instant {
		var err error
		if zone, err = time.LoadLocation(w.zone); err != nil {
			w.t.Fatal(err)
		}
	}
	var seconds, nanos []int64
	for _, v := range values {
		// What a clock on the wall shows in the writer's zone is what the value shows in UTC.
		wall := time.Date(v.Year(), v.Month(), v.Day(), v.Hour(), v.Minute(), v.Second(), v.Nanosecond(), zone)
		s, n := wall.Unix(), int64(wall.Nanosecond())
		if s < 0 && n > 999_999 {
			s++
		}
		seconds = append(seconds, s-time.Date(2015, 1, 1, 0, 0, 0, 0, zone).Unix())
		nanos = append(nanos, encodeNanos(n))
	}
	streams[data] = encodeInts(w.rng, seconds, !w.v1, true)
	streams[secondary] = encodeInts(w.rng, nanos, !w.v1, false)
}

func (w *writer) dictionary(streams map[streamKind][]byte, values []string) int {
	words := slices.Compact(slices.Sorted(slices.Values(values)))
	var sizes, refs []int64
	for _, word := range words {
		streams[dictionary] = append(streams[dictionary], word...)
		sizes = append(sizes, int64(len(word)))
	}
	for _, v := range values {
		at, _ := slices.BinarySearch(words, v)
		refs = append(refs, int64(at))
	}
	streams[lengths] = encodeInts(w.rng, sizes, !w.v1, false)
	streams[data] = encodeInts(w.rng, refs, !w.v1, false)
	return len(words)
}

// pack compresses a stream or a message.
func (w *writer) pack(what string, content []byte) []byte {
	if w.damage != nil {
		content = w.damage(what, content)
	}
	if w.packing == plain {
		return content
	}
	var out []byte
	for len(content) > 0 {
		chunk := content[:min(len(content), w.chunk)]
		content = content[len(chunk):]
		body := w.compressed(chunk)
		head := len(body) << 1
		if len(body) >= len(chunk) {
			body, head = chunk, len(chunk)<<1|1
		}
		out = append(append(out, byte(head), byte(head>>8), byte(head>>16)), body...)
	}
	return out
}

func (w *writer) compressed(chunk []byte) []byte {
	switch w.packing {
	case zlib:
		var out bytes.Buffer
		if w.with.flate == nil {
			w.with.flate, _ = flate.NewWriter(nil, flate.DefaultCompression) // the level is one that there is
		}
		w.with.flate.Reset(&out)
		if _, err := w.with.flate.Write(chunk); err != nil {
			w.t.Fatal(err)
		}
		if err := w.with.flate.Close(); err != nil {
			w.t.Fatal(err)
		}
		return out.Bytes()
	case snappied:
		return snappy.Encode(nil, chunk)
	default:
		if w.with.zstd == nil {
			w.with.zstd, _ = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1)) // the option is one that there is
		}
		return w.with.zstd.EncodeAll(chunk, nil)
	}
}

func as[T any](values []any) []T {
	out := make([]T, len(values))
	for i, v := range values {
		out[i] = v.(T)
	}
	return out
}

// textOf is a value as tests show it.
func textOf(v any) string {
	switch v := v.(type) {
	case nil:
		return null
	case bool:
		return map[bool]string{true: "1", false: "0"}[v]
	case time.Time:
		return fmt.Sprint(v.UnixMilli())
	default:
		return fmt.Sprint(v)
	}
}
