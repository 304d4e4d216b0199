package ipm

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"runtime"
	"testing"

	"parallax/internal/record"
	"parallax/sources/settlement/ipm/ipmtest"
)

// framed is a record behind its length.
func framed(rec []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(rec))), rec...)
}

// TestMemoryDoesNotGrowWithTheFile reads a file that is never in memory as a whole, and looks in the middle and at the end.
func TestMemoryDoesNotGrowWithTheFile(t *testing.T) {
	const chunks, lines = 200, 500
	var chunk, header, trailer ipmtest.File
	header.Header()
	for i := range lines {
		m := ipmtest.Presentment(i)
		m[48] = ipmtest.PDS(146, fee("00", "29", 5, "978"))
		chunk.Add("1240", m)
	}
	trailer.Add("1644", ipmtest.Elements{24: "695", 48: ipmtest.PDS(301, fmt.Sprint(chunk.Sum*chunks)) + ipmtest.PDS(306, fmt.Sprint(lines*chunks+2))})
	body := bytes.TrimSuffix(chunk.Bytes(), []byte{0, 0, 0, 0})
	whole := func() (io.ReadCloser, error) {
		parts := []io.Reader{bytes.NewReader(framed(header.Messages[0]))}
		for range chunks {
			parts = append(parts, bytes.NewReader(body))
		}
		parts = append(parts, bytes.NewReader(framed(trailer.Messages[0])), bytes.NewReader(make([]byte, 4)))
		return io.NopCloser(io.MultiReader(parts...)), nil
	}
	used := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var early, most uint64
	n := 0
	s, err := Decode(whole, "m.ipm", "mastercard", func(record.SettlementLine) error {
		switch n++; {
		case n == lines:
			early = used()
		case n%(lines*chunks/4) == 0:
			most = max(most, used())
		}
		return nil
	})
	if err != nil || s.Lines != lines*chunks {
		t.Fatalf("%d lines, %v", s.Lines, err)
	}
	if grown := int64(most) - int64(early); grown > 256<<10 {
		t.Errorf("%d bytes more in the middle of %d MB", grown, len(body)*chunks>>20)
	}
}
