package tabular

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHostileFooters: a footer whose lists claim more than there are bytes is refused before anything makes room for them.
func TestHostileFooters(t *testing.T) {
	t.Parallel()
	list := binary.AppendUvarint([]byte{0x29, 0xfc}, 99_000_000) // the schema: structs
	for says, footer := range map[string][]byte{
		"breaks off":                 append(list, 0, 0, 0, 0),
		"more columns or row groups": many(0x29, 1<<17),
		"or row groups than":         append([]byte{0x19, 0x1c, 0x00, 0x29}, many(0x00, 5<<20)[1:]...),
		"breaks off or is":           {0x19, 0xfb, 0xff, 0xff}, // a map
	} {
		file := append([]byte(magicParquet), footer...)
		file = binary.LittleEndian.AppendUint32(file, uint32(len(footer)))
		path := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(path, append(file, magicParquet...), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path, Options{}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v", err)
		}
	}
}

// many is a list of structs that say nothing, and the end of the footer.
func many(field byte, n int) []byte {
	out := binary.AppendUvarint([]byte{field, 0xfc}, uint64(n))
	return append(out, make([]byte, n+1)...)
}
