package gunzip

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	klauspost "github.com/klauspost/compress/gzip"
)

// texts are contents of every kind.
func texts() map[string][]byte {
	rng := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 700_000)
	for i := range noise {
		noise[i] = byte(rng.Uint32())
	}
	var rows, skewed, few bytes.Buffer
	for i := range 20_000 {
		fmt.Fprintf(&rows, "\"receipts/2026/11/18/pay_%016x.json\",\"%032x\",\"true\",\"COMPLETED\"\n", rng.Uint64(), rng.Uint64())
		few.WriteByte("abc"[i%3])
	}
	for len(skewed.Bytes()) < 300_000 { // letters of very different frequency have codes of all lengths
		b := byte(0)
		for b < 200 && rng.IntN(3) > 0 {
			b++
		}
		skewed.WriteByte(b)
	}
	return map[string][]byte{
		"nothing": nil, "a letter": []byte("a"), "zeros": make([]byte, 1_000_000), "noise": noise, "rows": rows.Bytes(),
		"skewed": skewed.Bytes(), "few": few.Bytes(), "mixed": append(append(bytes.Clone(noise[:100_000]), rows.Bytes()...), noise...),
	}
}

func packed(t testing.TB, text []byte, level int) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, level)
	if err != nil {
		t.Fatal(err)
	}
	w.Name, w.Comment, w.Extra = "a name", "a comment", []byte("more")
	if _, err := w.Write(text); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func unpacked(from io.Reader) ([]byte, error) {
	r, err := NewReader(from)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// TestRoundTrip: what other compressors make comes out as it went in, at every level, also where the input comes in bits.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for name, text := range texts() {
		for _, level := range []int{gzip.NoCompression, gzip.BestSpeed, 6, gzip.BestCompression, gzip.HuffmanOnly} {
			body := packed(t, text, level)
			for how, from := range map[string]io.Reader{"whole": bytes.NewReader(body), "half": iotest.HalfReader(bytes.NewReader(body)), "end": iotest.DataErrReader(bytes.NewReader(body))} {
				got, err := unpacked(from)
				if err != nil || !bytes.Equal(got, text) {
					t.Errorf("%s at level %d, %s: %d bytes of %d, %v", name, level, how, len(got), len(text), err)
				}
			}
		}
		var fast bytes.Buffer
		w, _ := klauspost.NewWriterLevel(&fast, klauspost.StatelessCompression)
		_, _ = w.Write(text)
		_ = w.Close()
		if got, err := unpacked(&fast); err != nil || !bytes.Equal(got, text) {
			t.Errorf("%s without state: %v", name, err)
		}
	}
}

// TestMembers: files that were put together are read as one, and no copy reaches into the member before.
func TestMembers(t *testing.T) {
	t.Parallel()
	all := texts()
	var file, want []byte
	for _, name := range []string{"rows", "nothing", "skewed", "a letter", "rows", "noise"} {
		file, want = append(file, packed(t, all[name], 6)...), append(want, all[name]...)
	}
	if got, err := unpacked(bytes.NewReader(file)); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes of %d: %v", len(got), len(want), err)
	}
	if _, err := unpacked(bytes.NewReader(append(file, "rest"...))); !errors.Is(err, ErrHeader) {
		t.Errorf("what follows the last member: %v", err)
	}
}

// TestTruncated cuts a file everywhere: it never ends well.
func TestTruncated(t *testing.T) {
	t.Parallel()
	all := texts()
	for _, text := range [][]byte{all["rows"][:3000], all["few"][:50], all["noise"][:500], nil} {
		body := packed(t, text, 6)
		for n := range body {
			if got, err := unpacked(bytes.NewReader(body[:n])); err == nil || len(got) > len(text) {
				t.Fatalf("cut at %d of %d: %d bytes, %v", n, len(body), len(got), err)
			}
		}
	}
}

// TestMutations holds the reader against the standard library's over damaged files: both refuse, or both come to the same.
func TestMutations(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 4))
	all := texts()
	good := packed(t, all["skewed"][:20_000], 6)
	rows := packed(t, all["rows"][:20_000], 9)
	for i := range 6000 {
		bad := bytes.Clone([][]byte{good, rows}[i%2])
		for range 1 + rng.IntN(3) {
			bad[rng.IntN(len(bad))] ^= 1 << rng.IntN(8)
		}
		sameAsStandard(t, bad)
	}
}

// sameAsStandard compares with the standard library's reader.
func sameAsStandard(t *testing.T, body []byte) {
	t.Helper()
	got, err := unpacked(bytes.NewReader(body))
	var want []byte
	var wrong error
	if z, e := gzip.NewReader(bytes.NewReader(body)); e != nil {
		wrong = e
	} else {
		want, wrong = io.ReadAll(z)
	}
	if (err == nil) != (wrong == nil) && !headerOnly(wrong) || err == nil && wrong == nil && !bytes.Equal(got, want) {
		t.Fatalf("%d bytes, %v; the standard library %d bytes, %v", len(got), err, len(want), wrong)
	}
}

// headerOnly is of headers of which the standard library checks a little more: the CRC of the header itself.
func headerOnly(err error) bool { return errors.Is(err, gzip.ErrHeader) }

func FuzzReader(f *testing.F) {
	f.Add(packed(f, []byte("some text, some text, some text"), 6))
	f.Add(packed(f, []byte("stored"), 0))
	f.Fuzz(sameAsStandard)
}

func BenchmarkReader(b *testing.B) {
	text := texts()["rows"]
	body := packed(b, text, 6)
	for name, open := range map[string]func(io.Reader) (io.Reader, error){
		"own":      func(r io.Reader) (io.Reader, error) { return NewReader(r) },
		"klaus":    func(r io.Reader) (io.Reader, error) { return klauspost.NewReader(r) },
		"standard": func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				r, err := open(bytes.NewReader(body))
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestNoCopyAcrossMembers: a member that copies from the one before is damaged, though its CRC would be right.
func TestNoCopyAcrossMembers(t *testing.T) {
	t.Parallel()
	text := []byte("a text that is long enough to be copied from the member before")
	var second bytes.Buffer
	second.Write([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255})
	w, err := flate.NewWriterDict(&second, 9, text)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(text); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	tail := binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(text))
	second.Write(binary.LittleEndian.AppendUint32(tail, uint32(len(text))))
	for name, file := range map[string][]byte{"alone": second.Bytes(), "behind": append(packed(t, text, 6), second.Bytes()...)} {
		if got, err := unpacked(bytes.NewReader(file)); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
}
