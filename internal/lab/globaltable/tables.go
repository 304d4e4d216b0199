package globaltable

import (
	"fmt"
	"time"
)

// Shapes of the answers: Amazon DynamoDB API reference, API_TableDescription and API_ReplicaDescription.
type (
	tableRequest struct {
		TableName string
	}
	listTablesRequest struct {
		ExclusiveStartTableName string
		Limit                   int
	}
	keyElement         struct{ AttributeName, KeyType string }
	attribute          struct{ AttributeName, AttributeType string }
	replicaDescription struct{ RegionName, ReplicaStatus string }
	billing            struct{ BillingMode string }
	throughput         struct {
		NumberOfDecreasesToday, ReadCapacityUnits, WriteCapacityUnits int
	}
	streamSpecification struct {
		StreamEnabled  bool
		StreamViewType string
	}
	tableDescription struct {
		AttributeDefinitions      []attribute
		BillingModeSummary        billing
		CreationDateTime          float64
		DeletionProtectionEnabled bool
		GlobalTableVersion        string
		ItemCount                 int
		KeySchema                 []keyElement
		LatestStreamArn           string               `json:",omitempty"`
		LatestStreamLabel         string               `json:",omitempty"`
		MultiRegionConsistency    string               `json:",omitempty"`
		ProvisionedThroughput     throughput           // zeros, as the table is billed by request
		Replicas                  []replicaDescription `json:",omitempty"`
		StreamSpecification       *streamSpecification `json:",omitempty"`
		TableArn                  string
		TableId                   string
		TableName                 string
		TableSizeBytes            int
		TableStatus               string
	}
)

func (c *Cluster) describeTable(r *replica, in tableRequest) (any, error) {
	if err := c.known(r, in.TableName); err != nil {
		return nil, err
	}
	size := 0
	for _, held := range r.items {
		size += held.item.size()
	}
	out := tableDescription{
		AttributeDefinitions:   []attribute{{c.options.HashKey, "S"}},
		BillingModeSummary:     billing{"PAY_PER_REQUEST"},
		CreationDateTime:       epoch(c.options.Start),
		GlobalTableVersion:     "2019.11.21",
		ItemCount:              r.live,
		KeySchema:              c.keySchema(),
		MultiRegionConsistency: "EVENTUAL",
		Replicas:               c.replicasSeenFrom(r.region),
		TableArn:               c.tableArn(r.region),
		TableId:                c.tableID(r.region),
		TableName:              c.options.Table,
		TableSizeBytes:         size,
		TableStatus:            "ACTIVE",
	}
	if c.options.View != ViewNone {
		out.LatestStreamArn, out.LatestStreamLabel = c.streamArn(r.region), c.streamLabel()
		out.StreamSpecification = &streamSpecification{true, c.options.View}
	}
	return map[string]any{"Table": out}, nil
}

func (c *Cluster) replicasSeenFrom(region string) []replicaDescription {
	var out []replicaDescription
	for _, other := range c.options.Regions {
		if other != region || c.options.ListSelf {
			out = append(out, replicaDescription{other, "ACTIVE"})
		}
	}
	return out
}

func (c *Cluster) describeTimeToLive(r *replica, in tableRequest) (any, error) {
	if err := c.known(r, in.TableName); err != nil {
		return nil, err
	}
	return map[string]any{"TimeToLiveDescription": map[string]string{"TimeToLiveStatus": "DISABLED"}}, nil
}

func (c *Cluster) listTables(_ *replica, in listTablesRequest) (any, error) {
	if in.Limit < 0 || in.Limit > 100 {
		return nil, validation("Limit %d is not between 1 and 100", in.Limit)
	}
	names := []string{}
	if in.ExclusiveStartTableName < c.options.Table {
		names = append(names, c.options.Table)
	}
	return map[string]any{"TableNames": names}, nil
}

// known checks the table a request names, by name or by the ARN of this region.
func (c *Cluster) known(r *replica, table string) error {
	switch table {
	case "":
		return validation("TableName must be given")
	case c.options.Table, c.tableArn(r.region):
		return nil
	}
	return notFound("Requested resource not found: Table: %s not found", table)
}

func (c *Cluster) keySchema() []keyElement {
	return []keyElement{{c.options.HashKey, "HASH"}}
}

func (c *Cluster) tableArn(region string) string {
	return "arn:aws:dynamodb:" + region + ":" + Account + ":table/" + c.options.Table
}

// tableID is a UUID of its own for each replica.
func (c *Cluster) tableID(region string) string {
	a, b := mix(c.options.Seed, hash(region)), mix(c.options.Seed+1, hash(region))
	return fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>52, b&0xffffffffffff)
}

func (c *Cluster) streamLabel() string {
	return c.options.Start.UTC().Format("2006-01-02T15:04:05.000")
}

func (c *Cluster) streamArn(region string) string {
	return c.tableArn(region) + "/stream/" + c.streamLabel()
}

// epoch is a moment as the protocol writes it: seconds since 1970, here with milliseconds.
func epoch(t time.Time) float64 {
	return float64(t.UnixMilli()) / 1000
}
