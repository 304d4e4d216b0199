package inventory_test

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"parallax/internal/audit"
	"parallax/internal/lab/buckets"
	"parallax/internal/record"
	"parallax/sources/inventory"
)

const (
	dublin = "eu-west-1"
	london = "eu-west-2"
)

var (
	day  = time.Date(2026, 11, 18, 0, 0, 0, 0, time.UTC)
	noon = day.Add(12 * time.Hour)
	next = day.Add(24 * time.Hour)
)

// world is a pair of buckets being served, with real clients.
type world struct {
	*buckets.Pair
	clients map[string]*s3.Client
}

func newWorld(t *testing.T, change ...func(*buckets.Options)) *world {
	t.Helper()
	o := buckets.Options{
		Regions:          [2]string{dublin, london},
		Buckets:          map[string]string{dublin: "receipts-eu-west-1", london: "receipts-eu-west-2"},
		InventoryBuckets: map[string]string{dublin: "inventory-eu-west-1", london: "inventory-eu-west-2"},
		Prefix:           "inv", ConfigID: "receipts-daily", Seed: 7, Start: day, MinDelay: 2 * time.Second, MaxDelay: 20 * time.Second,
	}
	for _, c := range change {
		c(&o)
	}
	w := &world{Pair: buckets.New(o), clients: map[string]*s3.Client{}}
	for _, region := range o.Regions {
		url, stop, err := w.Serve(region)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(stop)
		w.clients[region] = client(region, url)
	}
	return w
}

func client(region, url string) *s3.Client {
	return s3.New(s3.Options{
		Region: region, BaseEndpoint: &url, UsePathStyle: true, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("lab", "lab", ""),
	})
}

func (w *world) source(region string) inventory.Source {
	return inventory.Source{
		Region: audit.Region(region), Bucket: "receipts-" + region,
		Inventory: inventory.Location{Bucket: "inventory-" + region, Prefix: "inv", ID: "receipts-daily"},
		Client:    w.clients[region], AsOf: next.Add(8 * time.Hour),
		Settings: inventory.Settings{TempDir: ""},
	}
}

// fill writes n receipts a minute apart from noon on, in turns, and scans both buckets at midnight.
func (w *world) fill(t *testing.T, n int) {
	t.Helper()
	for i := range n {
		at := noon.Add(time.Duration(i) * time.Second)
		w.Put([]string{dublin, london}[i%2], at, receiptKey(i), fmt.Appendf(nil, "receipt %d", i))
	}
	w.scan(t, next)
}

func (w *world) scan(t *testing.T, at time.Time) {
	t.Helper()
	if err := w.WriteInventories(at); err != nil {
		t.Fatal(err)
	}
}

func receiptKey(i int) string { return fmt.Sprintf("receipts/2026/11/18/pay_%05d.json", i) }

// manifestKey is the manifest of an edition.
func (w *world) manifestKey(region string, at time.Time) string {
	return w.InventoryBase(region) + buckets.Stamp(at) + "/manifest.json"
}

// rewrite changes the manifest of the midnight edition and gives it the right checksum again.
func (w *world) rewrite(t *testing.T, region string, change func(m map[string]any)) {
	t.Helper()
	key := w.manifestKey(region, next)
	var m map[string]any
	if err := json.Unmarshal(w.Content(region, key), &m); err != nil {
		t.Fatal(err)
	}
	change(m)
	body, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	w.Overwrite(region, key, body)
	w.Overwrite(region, strings.Replace(key, ".json", ".checksum", 1), []byte(md5Hex(body)+"\n"))
}

// replace puts other content into the first data file and seals it with the right checksums.
func (w *world) replace(t *testing.T, region string, change func(body []byte) []byte) {
	t.Helper()
	key := w.dataKey(t, region)
	body := change(w.Content(region, key))
	w.Overwrite(region, key, body)
	w.rewrite(t, region, func(m map[string]any) {
		file := m["files"].([]any)[0].(map[string]any)
		file["size"], file["MD5checksum"] = len(body), md5Hex(body)
	})
}

// dataKey is the first data file the manifest names.
func (w *world) dataKey(t *testing.T, region string) string {
	t.Helper()
	var m struct{ Files []struct{ Key string } }
	if err := json.Unmarshal(w.Content(region, w.manifestKey(region, next)), &m); err != nil {
		t.Fatal(err)
	}
	return m.Files[0].Key
}

func md5Hex(body []byte) string {
	sum := md5.Sum(body)
	return hex.EncodeToString(sum[:])
}

// read collects everything a source yields.
func read(t *testing.T, src inventory.Source, w audit.Window) record.Batch[record.Object] {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var all record.Batch[record.Object]
	for batch, err := range src.Read(ctx, w, audit.Cursor{}) {
		if err != nil {
			t.Fatal(err)
		}
		all.Records = append(all.Records, batch.Records...)
		all.Extents = append(all.Extents, batch.Extents...)
		all.Excluded = append(all.Excluded, batch.Excluded...)
		all.Gaps = append(all.Gaps, batch.Gaps...)
		if batch.Watermark.After(all.Watermark) {
			all.Watermark = batch.Watermark
		}
	}
	return all
}

func wholeDay() audit.Window { return audit.Window{From: day, To: next} }

// oneGap checks that the only gap says something, names a remedy and that no watermark is claimed.
func oneGap(t *testing.T, got record.Batch[record.Object], says string) {
	t.Helper()
	if len(got.Gaps) != 1 {
		t.Fatalf("%d gaps: %+v", len(got.Gaps), got.Gaps)
	}
	g := got.Gaps[0]
	if !strings.Contains(g.Reason, says) || g.Remedy == "" || g.Window.Empty() {
		t.Errorf("gap %+v does not say %q with a remedy", g, says)
	}
}

var _ inventory.Client = (*s3.Client)(nil)
