package inventory

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/klauspost/compress/gzip"
)

const mutations = 3000

// mutated changes a file in one of the ways that disks, networks and people do. The file itself stays.
func mutated(rng *rand.Rand, good []byte) []byte {
	b := bytes.Clone(good)
	at := rng.IntN(len(b))
	span := min(1+rng.IntN(64), len(b)-at)
	switch rng.IntN(8) {
	case 0:
		b[at] ^= 1 << rng.IntN(8)
	case 1:
		for range 1 + rng.IntN(8) {
			b[rng.IntN(len(b))] = byte(rng.Uint32())
		}
	case 2:
		b = b[:at]
	case 3:
		b = slices.Delete(b, at, at+span)
	case 4:
		b = slices.Insert(b, at, b[at:at+span]...)
	case 5:
		noise := make([]byte, span)
		for i := range noise {
			noise[i] = byte(rng.Uint32())
		}
		b = slices.Insert(b, at, noise...)
	case 6:
		copy(b[rng.IntN(len(b)):], good[at:at+span])
	default: // near the end, where footers and trailers are
		b[len(b)-1-rng.IntN(min(len(b), 512))] = []byte{0, 1, 0x7f, 0x80, 0xff}[rng.IntN(5)]
	}
	return b
}

// mutate publishes thousands of damaged files whose MD5 is right, so that the decoder gets them, and reads each. check tells
// whether rows without a gap may be.
func mutate(t *testing.T, mutations int, format, schema string, good []byte, check func(rows []string) error) {
	t.Helper()
	rng := rand.New(rand.NewPCG(6, uint64(len(good))))
	d := newDepot()
	gaps := 0
	for i := range mutations {
		bad := mutated(rng, good)
		d.publish(t, midnight, format, schema, bad)
		src := d.source()
		src.Settings.FileTimeout = 5 * time.Second
		began := time.Now()
		got := readAll(t, src)
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("mutation %d took %s", i, took)
		}
		if len(got.gaps) > 0 {
			gaps++
			continue
		}
		if err := check(got.rows); err != nil {
			t.Fatalf("mutation %d is not noticed: %v", i, err)
		}
	}
	if gaps < mutations/4 {
		t.Errorf("%d gaps of %d mutations", gaps, mutations)
	}
	t.Logf("%d mutations: %d gaps, %d with no fewer rows", mutations, gaps, mutations-gaps)
}

// TestMutationsOfCSV: gzip has a checksum, so that no row may differ.
func TestMutationsOfCSV(t *testing.T) {
	t.Parallel()
	s := sheetOf(everyName, 40)
	want := wordsOf(s)
	mutate(t, mutations, formatCSV, joined(everyName), s.csv(t), func(rows []string) error {
		if !slices.Equal(rows, want) {
			return fmt.Errorf("%d rows of %d, %s", len(rows), len(want), firstDifference(rows, want))
		}
		return nil
	})
}

// TestMutationsOfRows damages the rows within the gzip file: a list has as many rows as lines, or a gap.
func TestMutationsOfRows(t *testing.T) {
	t.Parallel()
	good := sheetOf(everyName, 10).csv(t)
	plain := must(io.ReadAll(must(gzip.NewReader(bytes.NewReader(good)))(t)))(t)
	rng := rand.New(rand.NewPCG(7, 7))
	csv := must(newCSV(joined(everyName)))(t)
	var body bytes.Buffer
	z := must(gzip.NewWriterLevel(&body, gzip.NoCompression))(t)
	for i := range mutations {
		text := mutated(rng, plain)
		lines := bytes.Count(text, []byte("\n"))
		if len(text) > 0 && text[len(text)-1] != '\n' {
			lines++
		}
		body.Reset()
		z.Reset(&body)
		if _, err := z.Write(text); err != nil || z.Close() != nil {
			t.Fatal(err)
		}
		a := newAssembler("b", maxMillis)
		if err := csv.scan(t.Context(), &body, freeBytes, func(c *columns) error {
			_, err := a.assemble(c)
			return err
		}); err == nil && a.number != int64(lines) {
			t.Fatalf("mutation %d: %d rows of %d lines", i, a.number, lines)
		}
	}
}

// TestMutationsOfParquet: Parquet has no checksum of its own, or only one that writers may leave out, so that a changed text
// may go unnoticed behind a right MD5. Fewer or more rows may not.
func TestMutationsOfParquet(t *testing.T) {
	before := runtime.NumGoroutine()
	defer func() {
		for until := time.Now().Add(3 * time.Second); runtime.NumGoroutine() > before; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(until) {
				t.Errorf("%d goroutines are left, there were %d", runtime.NumGoroutine(), before)
				break
			}
		}
	}()
	s := sheetOf(everyName, 40)
	mutate(t, mutations, formatParquet, "", s.parquet(t, 15), func(rows []string) error {
		if len(rows) != len(s.rows) {
			return fmt.Errorf("%d rows of %d", len(rows), len(s.rows))
		}
		return nil
	})
}

// TestMutationsOfDelta: the same for what arrow's column readers are asked to read.
func TestMutationsOfDelta(t *testing.T) {
	t.Parallel()
	s := sheetOf(everyName, 40)
	good := s.parquet(t, 15, parquet.WithDictionaryDefault(false), parquet.WithEncodingFor("key", parquet.Encodings.DeltaByteArray))
	mutate(t, mutations/5, formatParquet, "", good, func(rows []string) error {
		if len(rows) != len(s.rows) {
			return fmt.Errorf("%d rows of %d", len(rows), len(s.rows))
		}
		return nil
	})
}

// TestBombs: files that become very much more than they are do not get far.
func TestBombs(t *testing.T) {
	t.Parallel()
	line := `"b","` + strings.Repeat("k", 60_000) + `","1","2026-11-18T00:00:00.000Z"` + "\n"
	csv := must(newCSV("Bucket, Key, Size, LastModifiedDate"))(t)
	for says, text := range map[string]string{
		"decompresses to much more": strings.Repeat(line, 1000),
		"longer than 65536 bytes":   strings.Repeat("k", 1<<20),
	} {
		var packed bytes.Buffer
		z := must(gzip.NewWriterLevel(&packed, gzip.BestCompression))(t)
		if _, err := z.Write([]byte(text)); err != nil || z.Close() != nil {
			t.Fatal(err)
		}
		body := packed.Bytes()
		t.Logf("%d bytes in %d", len(text), len(body))
		f := fileOf(t, body)
		rows := 0
		err := csv.decode(t.Context(), f, int64(len(body)), func(c *columns) error { rows += c.rows; return nil })
		if err == nil || !strings.Contains(err.Error(), says) || rows >= 1000 {
			t.Errorf("%d rows, error %v, want %q", rows, err, says)
		}
	}
}

// TestMutationsBehindTheirMD5: with the MD5 of the file as it was, nothing at all goes unnoticed.
func TestMutationsBehindTheirMD5(t *testing.T) {
	t.Parallel()
	s := sheetOf(fullNames, 40)
	good := s.parquet(t, 15)
	rng := rand.New(rand.NewPCG(8, 8))
	d := newDepot()
	d.publish(t, midnight, formatParquet, "", good)
	key := "b/daily/data/" + midnight.Format(stampLayout) + "-0"
	for i := range mutations {
		bad := mutated(rng, good)
		d.put(key, bad)
		if got := readAll(t, d.source()); (len(got.gaps) == 0) != bytes.Equal(bad, good) {
			t.Fatalf("mutation %d: %+v", i, got.gaps)
		}
	}
}
