package camt

import (
	"io"
	"runtime"
	"strings"
	"testing"

	"parallax/internal/record"
)

// TestMemoryDoesNotGrowWithTheFile reads one entry of very many transactions, and supplementary data without end, from a
// file that is never in memory as a whole.
func TestMemoryDoesNotGrowWithTheFile(t *testing.T) {
	const chunks, each = 40, 500
	head, tail, _ := strings.Cut(statementXML(entryXML(`<Amt Ccy="EUR">20000.00</Amt>`, "<NtryDtls>|</NtryDtls>")), "|")
	transactions := strings.Repeat(`<TxDtls><Refs><EndToEndId>po_1</EndToEndId></Refs><Amt Ccy="EUR">1.00</Amt></TxDtls>`, each)
	other := "<SplmtryData>" + strings.Repeat("<a>text</a>", 5000) + "</SplmtryData>"
	whole := func() (io.ReadCloser, error) {
		parts := []io.Reader{strings.NewReader(head)}
		for range chunks {
			parts = append(parts, strings.NewReader(transactions), strings.NewReader(other))
		}
		return io.NopCloser(io.MultiReader(append(parts, strings.NewReader(tail))...)), nil
	}
	used := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	var early, most int64
	n := 0
	s, err := Decode(whole, "b.xml", "bank", func(record.SettlementLine) error {
		switch n++; {
		case n == 2*maxHeld:
			early = used()
		case n%(chunks*each/4) == 0:
			most = max(most, used())
		}
		return nil
	})
	if err != nil || s.Lines != chunks*each {
		t.Fatalf("%d lines, %v", s.Lines, err)
	}
	if grown := most - early; grown > 256<<10 {
		t.Errorf("memory grew by %d bytes over %d lines", grown, s.Lines)
	}
}
