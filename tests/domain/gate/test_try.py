import pytest
from tests.support import *
@pytest.mark.parametrize("i", range(20))
def test_it(world, i):
    print(world.run(OPERATOR,"golive.state"))
    p=world.pending(ONCALL,"test.policy_set")
    print(world.approve(MANAGER,p.approval_id))
    assert world.acts()==1
    world.snapshot()
