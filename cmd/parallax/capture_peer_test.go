package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"parallax/internal/audit"
)

// peerFile finds what `make test-peers` installs from npm.
func peerFile(t *testing.T, what string, path ...string) string {
	t.Helper()
	pattern := filepath.Join(append([]string{"..", "..", ".tools", "npm", "node_modules"}, path...)...)
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) != 1 {
		t.Fatalf("%s, a server to compare with, is not installed at %s: run `make test-peers`", what, pattern)
	}
	absolute, err := filepath.Abs(found[0])
	if err != nil {
		t.Fatal(err)
	}
	return absolute
}

// startPeer starts a server on a free port and returns its address once it takes connections.
func startPeer(t *testing.T, command func(port string) *exec.Cmd) string {
	t.Helper()
	port := strconv.Itoa(freePort(t))
	cmd := command(port)
	if cmd.Dir == "" {
		cmd.Dir = t.TempDir()
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
	address := net.JoinHostPort("127.0.0.1", port)
	for range 600 {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
			return "http://" + address
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("%s ended before it took a connection: %v", cmd.Path, err)
		case <-time.After(100 * time.Millisecond):
		}
	}
	t.Fatalf("%s took no connection on %s within a minute", cmd.Path, address)
	return ""
}

// capturePeer captures from servers by other people, twice with writes between, through `parallax run capture`. Each time
// the archive must hold what the plain SDK reads from the same stream. own are the addresses of the
// servers by region, given those for the program; one process may serve both regions. exact says that the server's times are whole seconds of the
// write and not coarser.
func capturePeer(t *testing.T, own, given map[string]string, exact bool) {
	t.Helper()
	p := peering{T: t, program: buildProgram(t, exampleCredentials()), tables: peerTables(), clients: map[string]awsClients{}, exact: exact, began: time.Now()}
	var names []string
	for _, table := range p.tables {
		names = append(names, table.name)
	}
	dsn := createDatabase(t, openServer(t), "peer")
	p.capturing = configureCapture(t, t.TempDir(), "peer", dsn, dsn, given, names...)
	for region, url := range own {
		p.clients[region] = connectAWS(url, region)
		for _, table := range p.tables {
			p.create(region, table)
			for n := range 140 {
				p.put(region, table, table.item(n))
			}
		}
		p.large(region)
	}
	first := p.capture()
	for region := range own {
		for _, table := range p.tables {
			p.change(region, table)
		}
	}
	second := p.capture()
	if first == 0 || second == 0 {
		t.Errorf("the first capture read %d records, the second %d", first, second)
	}
	if third := p.capture(); third != 0 {
		t.Errorf("a capture after which nothing was written read %d records", third)
	}
}

// peering is one of those tests.
type peering struct {
	*testing.T
	capturing
	program program
	tables  []peerTable
	clients map[string]awsClients // by region
	exact   bool
	began   time.Time
	read    int64 // records that captures have named so far
}

func (p *peering) create(region string, table peerTable) {
	p.Helper()
	in := &dynamodb.CreateTableInput{
		TableName: &table.name, BillingMode: types.BillingModePayPerRequest,
		StreamSpecification: &types.StreamSpecification{StreamEnabled: new(true), StreamViewType: types.StreamViewTypeNewAndOldImages},
	}
	for i, name := range table.keys {
		kind := types.ScalarAttributeTypeS
		switch table.item(0)[name].(type) {
		case *types.AttributeValueMemberB:
			kind = types.ScalarAttributeTypeB
		case *types.AttributeValueMemberN:
			kind = types.ScalarAttributeTypeN
		}
		in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{AttributeName: new(name), AttributeType: kind})
		in.KeySchema = append(in.KeySchema, types.KeySchemaElement{AttributeName: new(name), KeyType: []types.KeyType{types.KeyTypeHash, types.KeyTypeRange}[i]})
	}
	if _, err := p.clients[region].tables.CreateTable(p.Context(), in); err != nil {
		p.Fatal(err)
	}
}

func (p *peering) put(region string, table peerTable, item map[string]types.AttributeValue) {
	p.Helper()
	if _, err := p.clients[region].tables.PutItem(p.Context(), &dynamodb.PutItemInput{TableName: &table.name, Item: item}); err != nil {
		p.Fatal(err)
	}
}

// largest is a little less than the most an item may have: 400 KB with the names of its attributes.
const largest = 400*1024 - 200

// large writes items near the limit, as text, as bytes that grow in base64, and as text that grows in JSON; several in a row
// make more than a page of a stream holds.
func (p *peering) large(region string) {
	p.Helper()
	for i := range 6 {
		bulk := make([]byte, largest)
		for j := range bulk {
			bulk[j] = []string{"plain text ", "\x00\xff\x10", "\"\\\n"}[i%3][j%3]
		}
		item := map[string]types.AttributeValue{"pk": attrS(fmt.Sprintf("large-%d", i)), "bulk": attrS(string(bulk))}
		if i%3 == 1 {
			item["bulk"] = &types.AttributeValueMemberB{Value: bulk}
		}
		p.put(region, p.tables[0], item)
	}
}

// change updates, replaces, deletes and inserts again, also without changing anything.
func (p *peering) change(region string, table peerTable) {
	p.Helper()
	client := p.clients[region].tables
	for n := range 90 {
		item := table.item(n)
		key := maps.Clone(item)
		maps.DeleteFunc(key, func(name string, _ types.AttributeValue) bool { return !slices.Contains(table.keys, name) })
		var err error
		switch n % 5 {
		case 0:
			_, err = client.UpdateItem(p.Context(), &dynamodb.UpdateItemInput{
				TableName: &table.name, Key: key, UpdateExpression: new("SET amount = :a, more = :m REMOVE yes"),
				ExpressionAttributeValues: map[string]types.AttributeValue{":a": attrN("-1.25"), ":m": attrS("more")},
			})
		case 1:
			item["amount"] = attrN("7")
			p.put(region, table, item)
		case 2:
			_, err = client.DeleteItem(p.Context(), &dynamodb.DeleteItemInput{TableName: &table.name, Key: key})
		case 3:
			if _, err = client.DeleteItem(p.Context(), &dynamodb.DeleteItemInput{TableName: &table.name, Key: key}); err == nil {
				p.put(region, table, everyTypeOf(key, n+1))
			}
		case 4:
			p.put(region, table, item) // nothing changes
		}
		if err != nil {
			p.Fatal(err)
		}
	}
	for n := 140; n < 180; n++ {
		p.put(region, table, table.item(n))
	}
}

// capture runs one, as a user would, and holds the archive against the streams. It returns how many records the capture's
// certificate names.
func (p *peering) capture() (read int64) {
	p.Helper()
	e := p.program.run(p.T, "run", "capture", "-o", "json", "--config", p.config)
	var runs []audit.RunRecord
	if err := json.Unmarshal([]byte(e.stdout), &runs); err != nil || e.code != exitClean || len(runs) != 1 {
		p.Fatalf("capture: exit code %d\n%s%s", e.code, e.stdout, e.stderr[:min(len(e.stderr), 2000)])
	}
	for _, c := range runs[0].Coverage {
		read += c.Records
		if !c.Complete() || c.Watermark.IsZero() {
			p.Errorf("the certificate has %+v", c)
		}
	}
	p.read += read
	total := 0
	for _, region := range slices.Sorted(maps.Keys(p.clients)) {
		for _, table := range p.tables {
			what := region + " " + table.name
			want := p.clients[region].stream(p.T, table.name, table.keys)
			got := p.stream(p.T, table.name, region)
			compareStreams(p.T, what, want, got)
			compareItems(p.T, what, p.clients[region].items(p.T, table.name), got)
			p.times(what, got)
			total += want.count()
		}
	}
	if p.read != int64(total) {
		p.Errorf("the certificates so far name %d records, the streams have %d", p.read, total)
	}
	p.Logf("%d records read, %d in all streams", read, total)
	return read
}

// times expects each record's time to be that of its write.
func (p *peering) times(what string, got shardRecords) {
	p.Helper()
	unit := time.Second
	if !p.exact {
		unit = time.Minute
	}
	from, to := p.began.Truncate(unit), time.Now()
	for _, records := range got {
		for _, r := range records {
			if r.At.Before(from) || r.At.After(to) || !r.At.Equal(r.At.Truncate(unit)) {
				p.Fatalf("%s: record %s has the time %s, and was written between %s and %s", what, r.Seq, r.At, from, to)
			}
		}
	}
}
