package main

import (
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/lab/buckets"
	"parallax/internal/lab/globaltable"
	"parallax/internal/lab/rdsapi"
)

const (
	dublin = "eu-west-1"
	london = "eu-west-2"
)

// endpoints are a region's addresses, as the world has configured them.
func (b *bench) endpoints(region string) config.Endpoints {
	b.Helper()
	cfg, err := config.Load(b.world.ConfigPath(), nil)
	if err != nil {
		b.Fatal(err)
	}
	return cfg.AWS.Endpoints[audit.Region(region)]
}

// nobody is an address at which nothing listens.
func (b *bench) nobody() string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // it took no connection
	return "http://" + l.Addr().String()
}

// silent accepts connections and says nothing.
func (b *bench) silent() (address string) {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() }) // the connections end with the process
	go func() {
		for {
			if _, err := l.Accept(); err != nil {
				return
			}
		}
	}()
	return l.Addr().String()
}

// tables spoils one operation of the global table in a region; an empty operation is all of them.
func (b *bench) tables(region, operation string, fault globaltable.Fault) func() func() {
	return func() func() {
		b.world.Table().Fault(func(in, op string, _ *http.Request) *globaltable.Fault {
			if in == region && (op == operation || operation == "") {
				return &fault
			}
			return nil
		})
		return func() { b.world.Table().Fault(nil) }
	}
}

func (b *bench) streamCases() []unreadable {
	capture := []string{"capture"}
	d, l := b.endpoints(dublin), b.endpoints(london)
	without := globaltable.New(globaltable.Options{
		Regions: []string{dublin, london}, Table: "idempotency-keys", HashKey: "pk", Start: quietFrom, View: globaltable.ViewNone,
	})
	streamless, stop, err := without.Serve(dublin)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(stop)
	expired := globaltable.Fault{Type: "ExpiredTokenException", Message: "The security token included in the request is expired"}
	denied := globaltable.Fault{Type: "AccessDeniedException", Message: "not authorized"}
	return []unreadable{
		{name: "dynamodb refuses connections", jobs: capture, source: "ddbstream", region: dublin,
			config: []string{`{dynamodb: "` + d.DynamoDB + `"`, `{dynamodb: "` + b.nobody() + `"`}},
		{name: "streams refuse connections", jobs: capture, source: "ddbstream", region: london,
			config: []string{`dynamodbstreams: "` + l.DynamoDBStreams + `"`, `dynamodbstreams: "` + b.nobody() + `"`}},
		{name: "dynamodb is silent", jobs: capture, source: "ddbstream", region: london,
			config: []string{`{dynamodb: "` + l.DynamoDB + `"`, `{dynamodb: "http://` + b.silent() + `"`}},
		{name: "streams are silent", jobs: capture, source: "ddbstream", region: dublin,
			spoil: b.tables(dublin, "GetRecords", globaltable.Fault{Delay: time.Hour})},
		{name: "table answers 500", jobs: capture, source: "ddbstream", region: london,
			spoil: b.tables(london, "DescribeTable", globaltable.Fault{Status: 500})},
		{name: "records answer 500", jobs: capture, source: "ddbstream", region: dublin,
			spoil: b.tables(dublin, "GetRecords", globaltable.Fault{Status: 500})},
		{name: "stream denied", jobs: capture, source: "ddbstream", region: dublin, spoil: b.tables(dublin, "DescribeStream", denied)},
		{name: "iterator denied", jobs: capture, source: "ddbstream", region: london, spoil: b.tables(london, "GetShardIterator", denied)},
		{name: "credentials expired", jobs: capture, source: "ddbstream", region: london, spoil: b.tables(london, "", expired)},
		{name: "records cut short", jobs: capture, source: "ddbstream", region: dublin,
			spoil: b.tables(dublin, "GetRecords", globaltable.Fault{Cut: true})},
		{name: "table's answer cut short", jobs: capture, source: "ddbstream", region: london,
			spoil: b.tables(london, "DescribeTable", globaltable.Fault{Cut: true})},
		{name: "iterators always expired", jobs: capture, source: "ddbstream", region: dublin,
			spoil: b.tables(dublin, "GetRecords", globaltable.Fault{Type: "ExpiredIteratorException"})},
		{name: "stream disabled", jobs: capture, source: "ddbstream", region: dublin,
			config: []string{`{dynamodb: "` + d.DynamoDB + `"`, `{dynamodb: "` + streamless + `"`}},
		{name: "stream trimmed before it was read", jobs: capture, source: "ddbstream", region: london, store: earlyStore,
			window: &audit.Window{From: quietFrom, To: quietTo}},
		{name: "stream trimmed, then audited", jobs: []string{"capture", "lww"}, source: "archive", region: dublin, store: earlyStore},
		{name: "never captured", jobs: []string{"lww"}, source: "archive", region: london, store: emptyStore},
		{name: "never captured before a failover", jobs: []string{"failover"}, source: "archive", region: dublin, store: emptyStore,
			window: b.day()},
	}
}

func (b *bench) day() *audit.Window {
	from, to := b.world.Window()
	return &audit.Window{From: from, To: to}
}

// buckets spoils one action of S3 in a region.
func (b *bench) buckets(region, action string, fault buckets.Fault) func() func() {
	return func() func() {
		b.world.Receipts().Fault(func(r buckets.Request) buckets.Fault {
			if r.Region == region && r.Action == action {
				return fault
			}
			return buckets.Fault{}
		})
		return func() { b.world.Receipts().Fault(nil) }
	}
}

// stored changes every object of a region's inventory bucket whose key contains part; a nil answer of change removes it.
func (b *bench) stored(region, part string, change func([]byte) []byte) func() func() {
	return func() func() {
		was := map[string][]byte{}
		for _, key := range b.world.Receipts().Stored(region) {
			if strings.Contains(key, part) {
				was[key] = b.world.Receipts().Content(region, key)
			}
		}
		if len(was) == 0 {
			b.Fatalf("no object like %s in %s", part, region)
		}
		for _, key := range slices.Sorted(maps.Keys(was)) {
			b.world.Receipts().Overwrite(region, key, change(slices.Clone(was[key])))
		}
		return func() {
			for key, body := range was {
				b.world.Receipts().Overwrite(region, key, body)
			}
		}
	}
}

func removed([]byte) []byte { return nil }

func halved(body []byte) []byte { return body[:len(body)/2] }

func flipped(body []byte) []byte {
	body[len(body)/2] ^= 0x20
	return body
}

func (b *bench) receiptCases() []unreadable {
	receipts, after := []string{"receipts"}, audit.Window{From: quietFrom.Add(24 * time.Hour), To: quietTo.Add(24 * time.Hour)}
	d := b.endpoints(dublin)
	return []unreadable{
		{name: "s3 refuses connections", jobs: receipts, source: "inventory", region: dublin,
			config: []string{`s3: "` + d.S3 + `"`, `s3: "` + b.nobody() + `"`}},
		{name: "s3 is silent", jobs: receipts, source: "inventory", region: dublin,
			config: []string{`s3: "` + d.S3 + `"`, `s3: "http://` + b.silent() + `"`}},
		{name: "inventory listing answers 500", jobs: receipts, source: "inventory", region: london,
			spoil: b.buckets(london, "ListObjectsV2", buckets.Fault{Status: 500, Code: "InternalError"})},
		{name: "inventory denied", jobs: receipts, source: "inventory", region: dublin,
			spoil: b.buckets(dublin, "GetObject", buckets.Fault{Status: 403, Code: "AccessDenied"})},
		{name: "s3 credentials expired", jobs: []string{"chain"}, source: "inventory", region: london,
			spoil: b.buckets(london, "ListObjectsV2", buckets.Fault{Status: 400, Code: "ExpiredToken"})},
		{name: "inventory cut short", jobs: receipts, source: "inventory", region: london,
			spoil: b.buckets(london, "GetObject", buckets.Fault{Cut: 20})},
		{name: "manifest with a wrong checksum", jobs: receipts, source: "inventory", region: dublin, spoil: b.stored(dublin, "manifest.json", flipped)},
		{name: "manifest missing", jobs: receipts, source: "inventory", region: london, spoil: b.stored(london, "manifest.json", removed)},
		{name: "inventory unfinished", jobs: receipts, source: "inventory", region: dublin, spoil: b.stored(dublin, "manifest.checksum", removed)},
		{name: "inventory never delivered", jobs: []string{"chain"}, source: "inventory", region: london, spoil: b.stored(london, "", removed)},
		{name: "inventory file cut", jobs: receipts, source: "inventory", region: dublin, spoil: b.stored(dublin, "/data/", halved)},
		{name: "inventory file with a wrong checksum", jobs: []string{"failover"}, source: "inventory", region: london,
			spoil: b.stored(london, "/data/", flipped), window: b.day()},
		{name: "inventory file missing", jobs: []string{"chain"}, source: "inventory", region: dublin, spoil: b.stored(dublin, "/data/", removed)},
		{name: "inventory older than the window", jobs: receipts, source: "receipts", window: &after, // and what is younger cannot be listed
			spoil: b.buckets(london, "ListObjectVersions", buckets.Fault{Status: 403, Code: "AccessDenied"})},
	}
}

// topology spoils one action of the RDS API in a region.
func (b *bench) topology(region, action string, fault rdsapi.Fault) func() func() {
	return func() func() {
		b.world.RDS().Fault(func(in, asked string, _ int) rdsapi.Fault {
			if in == region && asked == action {
				return fault
			}
			return rdsapi.Fault{}
		})
		return func() { b.world.RDS().Fault(nil) }
	}
}

func (b *bench) topologyCases() []unreadable {
	failover := []string{"failover"}
	d, l := b.endpoints(dublin), b.endpoints(london)
	denied := rdsapi.Fault{Status: 403, Code: "AccessDenied", Message: "not authorized"}
	empty := rdsapi.New(rdsapi.Options{Global: "payments-global", Clusters: map[string]string{london: "another"}, Writer: london})
	emptied, stop, err := empty.Serve(london)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(stop)
	return []unreadable{
		{name: "rds refuses connections", jobs: failover, source: "topology", region: dublin,
			config: []string{`rds: "` + d.RDS + `"`, `rds: "` + b.nobody() + `"`}},
		{name: "rds events denied", jobs: failover, source: "topology", region: london, spoil: b.topology(london, "DescribeEvents", denied)},
		{name: "global clusters denied", jobs: failover, source: "topology", region: dublin, spoil: b.topology(dublin, "DescribeGlobalClusters", denied)},
		{name: "rds answers 500", jobs: failover, source: "topology", region: london,
			spoil: b.topology(london, "DescribeEvents", rdsapi.Fault{Status: 500, Code: "InternalFailure"})},
		{name: "rds is silent", jobs: failover, source: "topology", region: london,
			spoil: b.topology(london, "DescribeEvents", rdsapi.Fault{Delay: time.Hour})},
		{name: "snapshots denied", jobs: failover, source: "topology", region: dublin, spoil: b.topology(dublin, "DescribeDBClusterSnapshots", denied)},
		{name: "global cluster unknown", jobs: failover, source: "topology", region: dublin,
			config: []string{"global_cluster: payments-global", "global_cluster: of-another-account"}},
		{name: "global cluster without our clusters", jobs: failover, source: "topology", region: london,
			config: []string{`rds: "` + l.RDS + `"`, `rds: "` + emptied + `"`}},
	}
}
