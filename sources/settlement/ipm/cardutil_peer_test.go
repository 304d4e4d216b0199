//go:build peers

package ipm

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"parallax/internal/lab/cardfile"
	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/decode/decodetest"
	"parallax/sources/settlement/ipm/ipmtest"
)

// cardutil runs the peer and returns what it prints. `make test-peers` installs it.
func cardutil(t *testing.T, stdin io.Reader, args ...string) []byte {
	t.Helper()
	python, err := filepath.Abs("../../../.tools/python/bin/python")
	if err == nil {
		_, err = os.Stat(python)
	}
	if err != nil {
		t.Fatalf("cardutil, a reader and writer to compare with, is installed by `make test-peers`: %v", err)
	}
	cmd := exec.CommandContext(t.Context(), python, append([]string{filepath.Join("testdata", "cardutil_peer.py")}, args...)...)
	var out, problem bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &out, &problem
	if err := cmd.Run(); err != nil {
		t.Fatalf("cardutil %s: %v\n%s", strings.Join(args, " "), err, problem.String())
	}
	return out.Bytes()
}

// cardutilReads is what the peer reads of a file: the elements and subelements of every message, by name.
func cardutilReads(t *testing.T, path, encoding string, blocked bool) (messages []map[string]string) {
	t.Helper()
	scanner := bufio.NewScanner(bytes.NewReader(cardutil(t, nil, "read", path, encoding, strconv.FormatBool(blocked))))
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		var m map[string]string
		if err := json.Unmarshal(scanner.Bytes(), &m); err != nil {
			t.Fatal(err)
		}
		messages = append(messages, m)
	}
	return messages
}

// agree holds what we read of a file, record by record and element by element, against what the peer read.
func agree(t *testing.T, data []byte, c *charset, theirs []map[string]string) {
	t.Helper()
	in, blocked, err := open(content(data))
	if err != nil {
		t.Fatal(err)
	}
	records := newRecordReader(in, blocked)
	var m message
	for number := 0; ; number++ {
		rec, err := records.next()
		if errors.Is(err, io.EOF) {
			if number != len(theirs) {
				t.Fatalf("%d records, the peer reads %d", number, len(theirs))
			}
			return
		}
		if err == nil {
			if err = m.parse(c, rec); err == nil {
				err = m.parsePDS()
			}
		}
		if err != nil || number >= len(theirs) {
			t.Fatalf("record %d of %d: %v", number+1, len(theirs), err)
		}
		sameMessage(t, number+1, &m, c, theirs[number])
	}
}

// plainText is an element as it stands in the file, with its padding.
func plainText(c *charset, raw []byte) string {
	var out strings.Builder
	for _, b := range raw {
		out.WriteRune(rune(c.char[b]))
	}
	return out.String()
}

func sameMessage(t *testing.T, number int, m *message, c *charset, theirs map[string]string) {
	t.Helper()
	if theirs["MTI"] != fmt.Sprintf("%04d", m.mti) {
		t.Errorf("record %d: type %d, the peer reads %s", number, m.mti, theirs["MTI"])
	}
	if pan, ok := theirs["DE2"]; ok && decode.MaskPAN(pan) != string(m.maskedPAN()) {
		t.Errorf("record %d: the card is masked as %s", number, m.maskedPAN())
	}
	for de := 3; de <= 128; de++ {
		value, ok := theirs["DE"+strconv.Itoa(de)]
		if elements[de].secret {
			continue
		}
		if ours := m.element[de]; ok != (ours != nil) || ok && !sameValue(de, plainText(c, ours), value) {
			t.Errorf("record %d: DE%d is %q, the peer reads %q", number, de, plainText(c, ours), value)
		}
	}
	for tag := range 10_000 {
		slot := slotOf(tag)
		if slot < 0 {
			continue
		}
		value, ok := theirs[namePDS(tag)]
		if ours := m.pds[slot]; ok != (ours != nil) || plainText(c, ours) != value {
			t.Errorf("record %d: %s is %q, the peer reads %q", number, namePDS(tag), plainText(c, ours), value)
		}
	}
}

// sameValue allows for the peer's numbers, which have lost their leading zeros, and for chip data in hexadecimal digits.
func sameValue(de int, ours, theirs string) bool {
	switch de {
	case 4, 5, 6, 9, 10, 26, 71:
		return strings.TrimLeft(ours, "0") == strings.TrimLeft(theirs, "0")
	case 55:
		return hex.EncodeToString([]byte(ours)) == theirs
	}
	return ours == theirs
}

// randomMessages are what the peer is to write: a header, messages of all kinds, a trailer.
func randomMessages(rng *rand.Rand, n int) (messages []map[string]any, sum int64) {
	const file = "0012611180000009999900001"
	messages = append(messages, map[string]any{"MTI": "1644", "DE24": "697", "DE71": 1, "PDS0105": file, "PDS0122": "T"})
	kinds := []struct{ mti, function, processing string }{
		{"1240", "200", "000000"}, {"1240", "200", "200000"}, {"1240", "205", "000000"}, {"1240", "282", "000000"},
		{"1442", "450", "000000"}, {"1442", "453", "000000"}, {"1740", "700", "290000"}, {"1740", "783", "190000"},
	}
	for i := range n {
		kind := kinds[rng.IntN(len(kinds))]
		minor := rng.Int64N(1_000_000)
		sum += minor
		currency := []string{"978", "826", "392"}[rng.IntN(3)]
		m := map[string]any{
			"MTI": kind.mti, "DE2": "555555" + fmt.Sprintf("%010d", rng.IntN(1_000_000_000)), "DE3": kind.processing, "DE4": minor,
			"DE12": time.Unix(1_763_000_000+rng.Int64N(10_000_000), 0).UTC().Format("060102150405"), "DE24": kind.function, "DE26": 5411,
			"DE31": fmt.Sprintf("%023d", rng.Int64()), "DE37": fmt.Sprintf("%012d", rng.IntN(1_000_000)), "DE38": fmt.Sprintf("A%05d", rng.IntN(100_000)),
			"DE42": fmt.Sprintf("MERCHANT %06d", rng.IntN(1_000_000)), "DE43": `SHOP\1 STREET\DUBLIN\D01` + strings.Repeat(" ", 10) + "IRL",
			"DE49": currency, "DE63": fmt.Sprintf("MCC%06d1118", rng.IntN(1_000_000)), "DE71": i + 2, "DE93": "00000054321", "DE94": "00000012345",
			"PDS0023": "CT6", "PDS0148": currency + map[string]string{"978": "2", "826": "2", "392": "0"}[currency], "PDS0165": "M",
		}
		optional(rng, m, currency)
		messages = append(messages, m)
	}
	return append(messages, map[string]any{
		"MTI": "1644", "DE24": "695", "DE71": n + 2, "PDS0105": file, "PDS0301": fmt.Sprintf("%016d", sum), "PDS0306": fmt.Sprintf("%08d", n+2),
	}), sum
}

// optional adds and takes away what a message may have.
func optional(rng *rand.Rand, m map[string]any, currency string) {
	for _, key := range []string{"DE31", "DE37", "DE38", "DE42", "DE43", "PDS0023", "DE93"} {
		if rng.IntN(4) == 0 {
			delete(m, key)
		}
	}
	add := map[string]any{
		"DE5": rng.Int64N(1000), "DE9": 61_080_000, "DE22": "51010151114C", "DE25": "1401", "DE30": fmt.Sprintf("%024d", rng.IntN(1000)),
		"DE95": fmt.Sprintf("%010d", rng.IntN(1000)), "DE72": "free text [with] odd | characters ! ^ and é",
		"PDS0025": "R261119", "PDS0146": fee("00", "29", rng.IntN(1000), currency), "PDS0158": "MCC201000175261118" + "03",
		"PDS0170": strings.Repeat("x", 500), "PDS0501": strings.Repeat("y", 700), // so much that it takes a second element
	}
	for _, key := range []string{"DE5", "DE9", "DE22", "DE25", "DE30", "DE95", "DE72", "PDS0025", "PDS0146", "PDS0158", "PDS0170", "PDS0501"} {
		if rng.IntN(4) != 0 {
			continue
		}
		m[key] = add[key]
		if key == "DE5" {
			m["DE50"] = currency
		}
	}
}

var peerCharsets = []struct {
	name   string
	option string
	c      *charset
}{{"latin_1", "ascii", latin1}, {"cp500", "cp500", cp500}, {"cp037", "cp037", cp037}}

// TestPeerCardutilWrites reads files that cardutil 0.7.3 wrote, in every encoding and blocking.
func TestPeerCardutilWrites(t *testing.T) {
	for seed, charset := range peerCharsets {
		for _, blocked := range []bool{false, true} {
			rng := rand.New(rand.NewPCG(uint64(seed), 7))
			messages, sum := randomMessages(rng, 600)
			var in bytes.Buffer
			for _, m := range messages {
				if err := json.NewEncoder(&in).Encode(m); err != nil {
					t.Fatal(err)
				}
			}
			path := filepath.Join(t.TempDir(), "peer.ipm")
			cardutil(t, &in, "write", path, charset.name, strconv.FormatBool(blocked))
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			theirs := cardutilReads(t, path, charset.name, blocked)
			agree(t, data, charset.c, theirs)
			read, err := New(Options{Charset: charset.option})
			if err != nil {
				t.Fatal(err)
			}
			lines, s, err := decodetest.All(read, data, "peer.ipm", "mastercard")
			if err != nil || len(lines) != 600 || s.Totals["computed sum of DE4"] != strconv.FormatInt(sum, 10) {
				t.Errorf("%s, blocked %v: %d lines, %v, %+v", charset.name, blocked, len(lines), err, s.Rejects)
			}
			for _, l := range lines {
				if want := theirs[l.Record-1]; l.Reference != want["DE63"] || fmt.Sprint(max(l.Amount.Minor, -l.Amount.Minor)) != want["DE4"] || l.RRN != want["DE37"] {
					t.Errorf("line %+v, the peer reads %v", l, want["DE63"])
				}
			}
		}
	}
}

// TestPeerCardutilReads has cardutil read what the lab and the tests write.
func TestPeerCardutilReads(t *testing.T) {
	for _, ebcdic := range []bool{false, true} {
		for _, blocked := range []bool{false, true} {
			charset, name := latin1, "latin_1"
			if ebcdic {
				charset, name = cp500, "cp500"
			}
			var lab bytes.Buffer
			f := cardfile.IPM{FileID: ipmtest.FileID, Encoding: cardfile.Encoding(ebcdic), Blocked: blocked}
			if err := f.Write(&lab, labLines(900)); err != nil {
				t.Fatal(err)
			}
			for what, data := range map[string][]byte{"lab": lab.Bytes(), "benchmark": clearing(700, ebcdic, blocked)} {
				path := filepath.Join(t.TempDir(), what)
				if err := os.WriteFile(path, data, 0o600); err != nil {
					t.Fatal(err)
				}
				agree(t, data, charset, cardutilReads(t, path, name, blocked))
			}
		}
	}
}
