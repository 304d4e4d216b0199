package decode

import (
	"strconv"
	"strings"
	"testing"
	"unsafe"
)

func TestInterns(t *testing.T) {
	m := Interns{}
	first, err := m.Text(" Settled ")
	if err != nil || first != "Settled" {
		t.Fatalf("%q, %v", first, err)
	}
	again, err := m.Text(strings.Clone("Settled"))
	if err != nil || unsafe.StringData(first) != unsafe.StringData(again) {
		t.Errorf("a second copy was made, %v", err)
	}
	card := "411111" + "1111111111"
	if masked, err := m.Text(card); err != nil || masked != "411111******1111" {
		t.Errorf("%q, %v", masked, err)
	}
	if _, err := m.Text("a\x00"); err == nil {
		t.Error("a control character was taken over")
	}
	for i := range 2 * maxInterned {
		if got := m.Copy(strconv.Itoa(i)); got != strconv.Itoa(i) {
			t.Fatalf("%d became %s", i, got)
		}
	}
	if _, kept := m[card]; kept || len(m) > maxInterned {
		t.Errorf("%d texts kept, the card number among them: %v", len(m), kept)
	}
}
