"""Canonical tables about cars: vehicles, inspection certificates, running costs, pictures."""

from schemas.columns import Kind, decides, deletion, item, key, link

CERTIFICATE = "2.certificate"


class Vehicles:
    """One row per car the shop looks after; chassis number and plate find its certificate."""

    vehicle_id = key("車両番号")
    customer_id = link("顧客番号", to="customers")
    chassis_number = decides(Kind.CHASSIS_NUMBER, "車台番号（照合用）")
    plate = decides(Kind.PLATE, "登録番号（照合用）")
    acquired_on = decides(Kind.DAY, "取得日")
    released_on = decides(Kind.DAY, "手放した日")
    is_deleted = deletion()
    usage = item("2.usage", Kind.FREE_TEXT, "使用用途")


class Certificates:
    """One row per 車検証 of a car, in the units the certificate prints (kg, cm, L or kW)."""

    vehicle_id = link("車両番号", to="vehicles", nullable=True)
    is_deleted = deletion()
    plate = item(CERTIFICATE, Kind.PLATE, "自動車登録番号")
    chassis_number = item(CERTIFICATE, Kind.CHASSIS_NUMBER, "車台番号")
    model_code = item(CERTIFICATE, Kind.MODEL_CODE, "型式")
    type_designation_number = item(CERTIFICATE, Kind.DIGITS, "型式指定番号")
    category_number = item(CERTIFICATE, Kind.DIGITS, "類別区分番号")
    maker_name = item(CERTIFICATE, Kind.TEXT, "車名")
    vehicle_class = item(CERTIFICATE, Kind.TEXT, "自動車の種別")
    use = item(CERTIFICATE, Kind.TEXT, "用途")
    private_or_business = item(CERTIFICATE, Kind.TEXT, "自家用・事業用の別")
    body_shape = item(CERTIFICATE, Kind.FREE_TEXT, "車体の形状")
    engine_model = item(CERTIFICATE, Kind.MODEL_CODE, "原動機の型式")
    fuel = item(CERTIFICATE, Kind.TEXT, "燃料の種類")
    displacement = item(CERTIFICATE, Kind.QUANTITY, "総排気量又は定格出力", minimum=0)
    seating_capacity = item(CERTIFICATE, Kind.MEASURE, "乗車定員", minimum=0, maximum=200)
    max_load_kg = item(CERTIFICATE, Kind.MEASURE, "最大積載量", minimum=0, maximum=100_000)
    weight_kg = item(CERTIFICATE, Kind.MEASURE, "車両重量", minimum=0, maximum=100_000)
    gross_weight_kg = item(CERTIFICATE, Kind.MEASURE, "車両総重量", minimum=0, maximum=100_000)
    length_cm = item(CERTIFICATE, Kind.MEASURE, "長さ", minimum=0, maximum=5_000)
    width_cm = item(CERTIFICATE, Kind.MEASURE, "幅", minimum=0, maximum=1_000)
    height_cm = item(CERTIFICATE, Kind.MEASURE, "高さ", minimum=0, maximum=1_000)
    front_front_axle_weight_kg = item(
        CERTIFICATE, Kind.MEASURE, "前前軸重", minimum=0, maximum=50_000
    )
    front_rear_axle_weight_kg = item(
        CERTIFICATE, Kind.MEASURE, "前後軸重", minimum=0, maximum=50_000
    )
    rear_front_axle_weight_kg = item(
        CERTIFICATE, Kind.MEASURE, "後前軸重", minimum=0, maximum=50_000
    )
    rear_rear_axle_weight_kg = item(
        CERTIFICATE, Kind.MEASURE, "後後軸重", minimum=0, maximum=50_000
    )
    first_registered_in = item(CERTIFICATE, Kind.MONTH, "初度登録年月")
    issued_on = item(CERTIFICATE, Kind.DAY, "交付年月日")
    valid_until_on = item(CERTIFICATE, Kind.DAY, "有効期間の満了する日")
    owner_name = item(CERTIFICATE, Kind.TEXT, "所有者の氏名又は名称")
    owner_address = item(CERTIFICATE, Kind.PLACE, "所有者の住所")
    user_name = item(CERTIFICATE, Kind.TEXT, "使用者の氏名又は名称")
    user_address = item(CERTIFICATE, Kind.PLACE, "使用者の住所")
    base_location = item(CERTIFICATE, Kind.PLACE, "使用の本拠の位置")


class VehicleCosts:
    """One row per tax, insurance or fee that keeping a car costs."""

    vehicle_cost_id = key("諸費用番号")
    vehicle_id = link("車両番号", to="vehicles")
    is_deleted = deletion()
    cost_kind = item("2.running_costs", Kind.FREE_TEXT, "費目", nullable=False)
    amount_jpy = item("2.running_costs", Kind.WHOLE, "金額", minimum=-(10**9), maximum=10**9)
    incurred_on = item("2.running_costs", Kind.DAY, "発生日", nullable=False)


class VehicleImages:
    """One row per photograph of a car."""

    image_id = key("画像番号")
    vehicle_id = link("車両番号", to="vehicles")
    is_cleared_for_sharing = decides(Kind.FLAG, "提供可")
    is_deleted = deletion()
    taken_on = item("2.image", Kind.DAY, "撮影日", nullable=False)
    file = item("2.image", Kind.TEXT, "ファイル", nullable=False)
