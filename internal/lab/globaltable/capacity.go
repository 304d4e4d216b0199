package globaltable

// readUnit is what one read capacity unit reads consistently, and half a unit otherwise (developer guide, "Read capacity
// units"). An answer costs half a unit or one at least.
const readUnit = 4096

type consumedCapacity struct {
	CapacityUnits float64
	TableName     string
}

// consumed is what reading so many bytes cost, if the request asks for it. The stand-in has no indexes, so INDEXES tells
// no more than TOTAL.
func (c *Cluster) consumed(asked string, consistent bool, size int) (*consumedCapacity, error) {
	switch asked {
	case "", "NONE":
		return nil, nil
	case "TOTAL", "INDEXES":
	default:
		return nil, validation("ReturnConsumedCapacity %s is not one of INDEXES, TOTAL, NONE", asked)
	}
	units := float64(max(1, (size+readUnit-1)/readUnit))
	if !consistent {
		units /= 2
	}
	return &consumedCapacity{units, c.options.Table}, nil
}
